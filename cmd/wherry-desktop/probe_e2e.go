//go:build e2e

package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"time"

	"github.com/wherry-app/wherry/ui"
)

// extras answers tests on the socket that WHERRY_PROBE names: what is on the screen, and profiles.
func extras(w *ui.Window, do func(func())) {
	path := os.Getenv("WHERRY_PROBE")
	if path == "" {
		return
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/screen", func(rw http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(rw).Encode(w.Probe()) })
	mux.HandleFunc("/wait", func(rw http.ResponseWriter, _ *http.Request) {
		began := time.Now()
		done := make(chan struct{})
		do(func() { close(done) })
		<-done
		_ = json.NewEncoder(rw).Encode(float64(time.Since(began).Microseconds()) / 1000)
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	go func() { _ = http.Serve(l, mux) }()
}
