//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/assets/welcome"
)

func main() {
	if err := serve(fmt.Sprintf(":%d", welcome.Port)); err != nil {
		fmt.Fprintln(os.Stderr, "wherry-welcome:", err)
		os.Exit(1)
	}
}

// serve answers every request with the page.
func serve(address string) error {
	page, err := welcome.Template()
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	begun := time.Now()
	var visits atomic.Int64
	server := &http.Server{Addr: address, ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		var b bytes.Buffer
		data := welcome.Page{Host: host, System: system(), Uptime: time.Since(begun).Round(time.Second).String(), Visits: visits.Add(1)}
		if err := page.Execute(&b, data); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes()) // the visitor is gone if this fails
	})}
	return server.ListenAndServe()
}

// system names the kernel and the processor's architecture.
func system() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return runtime.GOARCH
	}
	return "Linux " + unix.ByteSliceToString(u.Release[:]) + " on " + runtime.GOARCH
}
