// Command box is what the tests run in containers beside busybox.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("box:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: box write|verify|serve|dial|get|version|echo ARG…")
	}
	switch args[0] {
	case "write":
		return write(args[1])
	case "verify":
		return verify(args[1])
	case "serve":
		return http.ListenAndServe(args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			host, _ := os.Hostname()
			fmt.Fprintf(w, "hello from %s %s\n", host, r.URL.Path)
		}))
	case "dial":
		return dial(args[1])
	case "get":
		return get(args[1])
	case "version":
		return version(args[1])
	case "echo":
		return echo(args[1])
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// write appends numbered lines to DIR/records, each on the disk before it is printed.
func write(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "records"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	n, err := last(f, true)
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return err
	}
	for {
		n++
		if _, err := fmt.Fprintf(f, "%d\n", n); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// verify prints the last of an unbroken row of records.
func verify(dir string) error {
	f, err := os.Open(filepath.Join(dir, "records"))
	if err != nil {
		return err
	}
	n, err := last(f, false)
	if err != nil {
		return err
	}
	fmt.Println(n)
	return nil
}

// last reads the records; a last line that a crash cut short was never acknowledged and is cut off when mend is set.
func last(f *os.File, mend bool) (int, error) {
	r := bufio.NewReader(f)
	n, good := 0, int64(0)
	for {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			if mend && line != "" {
				return n, f.Truncate(good)
			}
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		got, err := strconv.Atoi(line[:len(line)-1])
		if err != nil || got != n+1 {
			return 0, fmt.Errorf("record %q follows %d", line, n)
		}
		n, good = got, good+int64(len(line))
	}
}

// dial prints how a connection attempt ends.
func dial(address string) error {
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	var timeout net.Error
	switch {
	case err == nil:
		c.SetReadDeadline(time.Now().Add(3 * time.Second))
		b := make([]byte, 64)
		n, err := c.Read(b)
		fmt.Printf("connected, read %d bytes, %v\n", n, err)
		return c.Close()
	case errors.Is(err, syscall.ECONNREFUSED):
		fmt.Println("refused")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		fmt.Println("unreachable")
	case errors.As(err, &timeout) && timeout.Timeout():
		fmt.Println("timeout")
	default:
		fmt.Println("error", err)
	}
	return nil
}

func get(url string) error {
	c := http.Client{Timeout: 10 * time.Second}
	res, err := c.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(os.Stdout, res.Body)
	return err
}

// version prints what dockerd says of itself on a socket.
func version(socket string) error {
	c := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	res, err := c.Get("http://docker/version")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(os.Stdout, res.Body)
	return err
}

// echo sends each datagram back.
func echo(address string) error {
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return err
		}
		if _, err := c.WriteTo(buf[:n], from); err != nil {
			return err
		}
	}
}
