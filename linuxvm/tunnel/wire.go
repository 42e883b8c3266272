package tunnel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// version begins each request.
const version = 1

// The networks of a request, on the wire.
const (
	networkTCP = 1
	networkUDP = 2
)

// addressMax is the most bytes of an address or a message.
const addressMax = 1 << 10

// status is the guest's answer to a request.
type status byte

const (
	statusOK          status = 0
	statusFailed      status = 1 // for a reason that only its message tells
	statusRefused     status = 2
	statusUnreachable status = 3
	statusTimeout     status = 4
)

// What Dial's errors wrap.
var (
	// ErrRefused means that nothing listens at the address; it is syscall.ECONNREFUSED too.
	ErrRefused error = &dialError{"connection refused", syscall.ECONNREFUSED}
	// ErrUnreachable means that the guest has no way to the address; it is syscall.EHOSTUNREACH too.
	ErrUnreachable error = &dialError{"no route to host", syscall.EHOSTUNREACH}
	// ErrTimeout means that the address did not answer in the guest; it is os.ErrDeadlineExceeded too.
	ErrTimeout error = &dialError{"connection timed out", os.ErrDeadlineExceeded}
)

// dialError reads the same on every system, whatever the system says of its cause.
type dialError struct {
	text  string
	cause error
}

func (e *dialError) Error() string { return e.text }
func (e *dialError) Unwrap() error { return e.cause }

// request asks for a connection in the guest.
type request struct {
	network string // "tcp" or "udp"
	address string // host and port
}

// append adds the encoded request to b.
func (r request) append(b []byte) ([]byte, error) {
	n := byte(networkTCP)
	switch {
	case r.network == "udp":
		n = networkUDP
	case r.network != "tcp":
		return nil, net.UnknownNetworkError(r.network)
	}
	if len(r.address) > addressMax {
		return nil, &net.AddrError{Err: "address too long", Addr: r.address[:32] + "…"}
	}
	b = append(b, version, n)
	return appendString(b, r.address), nil
}

// readRequest reads a request.
func readRequest(r io.Reader) (request, error) {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return request{}, err
	}
	req := request{network: "tcp"}
	switch {
	case h[0] != version:
		return request{}, fmt.Errorf("version %d is unknown", h[0])
	case h[1] == networkUDP:
		req.network = "udp"
	case h[1] != networkTCP:
		return request{}, fmt.Errorf("network %d is unknown", h[1])
	}
	var err error
	req.address, err = readString(r)
	return req, err
}

// appendReply adds what the guest answers to a request that ended with err.
func appendReply(b []byte, err error) []byte {
	if err == nil {
		return appendString(append(b, byte(statusOK)), "")
	}
	s := statusFailed
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		s = statusRefused
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL):
		s = statusUnreachable
	case errors.As(err, &timeout) && timeout.Timeout():
		s = statusTimeout
	}
	text := err.Error()
	return appendString(append(b, byte(s)), text[:min(len(text), addressMax)])
}

// readReply reads the guest's answer: nil, or why there is no connection.
func readReply(r io.Reader) error {
	var s [1]byte
	if _, err := io.ReadFull(r, s[:]); err != nil {
		return err
	}
	text, err := readString(r)
	if err != nil {
		return err
	}
	switch status(s[0]) {
	case statusOK:
		return nil
	case statusRefused:
		return ErrRefused
	case statusUnreachable:
		return ErrUnreachable
	case statusTimeout:
		return ErrTimeout
	}
	return errors.New(text)
}

// appendString adds s behind its length.
func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// readString is the inverse of appendString.
func readString(r io.Reader) (string, error) {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return "", err
	}
	n := binary.BigEndian.Uint16(h[:])
	if n > addressMax {
		return "", fmt.Errorf("text of %d bytes is too long", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", err
	}
	return string(b), nil
}
