package api

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/wherry-app/wherry/app"
)

// The paths of the API.
const (
	pathStatus   = "/v1/status"
	pathWatch    = "/v1/watch"
	pathStart    = "/v1/start"
	pathStop     = "/v1/stop"
	pathRestart  = "/v1/restart"
	pathSettings = "/v1/settings"
	pathReset    = "/v1/reset"
	pathPorts    = "/v1/ports"
	pathLogs     = "/v1/logs/"
	pathShell    = "/v1/shell"
	pathQuit     = "/v1/quit"
	pathLeave    = "/v1/leave"
)

// shellProtocol is the value of the Upgrade header for pathShell.
const shellProtocol = "wherry-shell"

type stopBody struct {
	Mode app.StopMode `json:"mode"`
}

type resetBody struct {
	KeepSettings bool `json:"keep_settings"`
}

type shellBody struct {
	Args []string `json:"args,omitempty"`
	TTY  bool     `json:"tty,omitempty"`
	Size app.Size `json:"size"`
}

// On an upgraded shell connection the client sends frames: a kind, a length of 2 bytes big-endian, and that many bytes.
// The server sends raw output.
const (
	frameInput  = 0
	frameResize = 1
)

// writeFrame sends one frame of at most 65535 bytes.
func writeFrame(w io.Writer, kind byte, b []byte) error {
	head := [3]byte{kind}
	binary.BigEndian.PutUint16(head[1:], uint16(len(b)))
	_, err := w.Write(append(head[:], b...))
	return err
}

// readFrame reads one frame into buf, which has room for 65535 bytes.
func readFrame(r io.Reader, buf []byte) (kind byte, b []byte, err error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	b = buf[:binary.BigEndian.Uint16(head[1:])]
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", io.ErrUnexpectedEOF)
	}
	return head[0], b, nil
}

func encodeSize(s app.Size) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, s.Cols), s.Rows)
}

func decodeSize(b []byte) (app.Size, bool) {
	if len(b) != 4 {
		return app.Size{}, false
	}
	return app.Size{Cols: binary.BigEndian.Uint16(b), Rows: binary.BigEndian.Uint16(b[2:])}, true
}
