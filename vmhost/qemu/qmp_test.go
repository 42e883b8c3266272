package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

const greetingLine = `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "x"}, "capabilities": ["oob"]}}` + "\r\n"

// scriptedQEMU is the other end of a monitor.
type scriptedQEMU struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
}

// connectMonitor connects a monitor to a QEMU that does the handshake.
func connectMonitor(t *testing.T, onEvent func(monitorEvent)) (*monitor, *scriptedQEMU) {
	t.Helper()
	ours, theirs := net.Pipe()
	qemu := &scriptedQEMU{t, theirs, bufio.NewReader(theirs)}
	shaken := make(chan struct{})
	go func() {
		defer close(shaken)
		qemu.write(greetingLine)
		if name, id := qemu.command(); name == "qmp_capabilities" {
			qemu.write(fmt.Sprintf(`{"return": {}, "id": %d}`, id))
		}
	}()
	m, err := newMonitor(t.Context(), ours, onEvent)
	if err != nil {
		t.Fatal(err)
	}
	<-shaken
	t.Cleanup(func() {
		m.close()
		_ = theirs.Close()
	})
	return m, qemu
}

func (q *scriptedQEMU) write(text string) {
	if _, err := io.WriteString(q.conn, text); err != nil {
		q.t.Errorf("QEMU writes: %v", err)
	}
}

func (q *scriptedQEMU) command() (name string, id int) {
	line, err := q.lines.ReadString('\n')
	if err != nil {
		q.t.Errorf("QEMU reads: %v", err)
	}
	var command struct {
		Execute string
		ID      int
	}
	if err := json.Unmarshal([]byte(line), &command); err != nil {
		q.t.Errorf("QEMU gets %q: %v", line, err)
	}
	return command.Execute, command.ID
}

func TestMonitorMatchesAnswersByID(t *testing.T) {
	m, qemu := connectMonitor(t, func(monitorEvent) {})
	if m.version != (version{7, 2, 22}) {
		t.Errorf("version = %v", m.version)
	}
	results := map[string]chan string{"one": make(chan string, 1), "two": make(chan string, 1)}
	for name, result := range results {
		go func() {
			var got string
			if err := m.execute(t.Context(), name, nil, &got); err != nil {
				got = err.Error()
			}
			result <- got
		}()
	}
	firstName, firstID := qemu.command()
	secondName, secondID := qemu.command()
	qemu.write(fmt.Sprintf(`{"return": "answer to %s", "id": %d}`, secondName, secondID))
	qemu.write(fmt.Sprintf(`{"return": "answer to %s", "id": %d}`, firstName, firstID))
	for name, result := range results {
		if got := <-result; got != "answer to "+name {
			t.Errorf("%s gets %q", name, got)
		}
	}
}

func TestMonitorReportsRefusalsAndEvents(t *testing.T) {
	events := make(chan monitorEvent, 2)
	m, qemu := connectMonitor(t, func(e monitorEvent) { events <- e })
	go func() {
		qemu.write(`{"event": "STOP", "timestamp": {}}` + "\r\n" + `{"event": "SHUTDOWN", "data": {"reason": "x"}}`)
		_, id := qemu.command()
		qemu.write(fmt.Sprintf(`{"error": {"class": "GenericError", "desc": "no such thing"}, "id": %d}`, id))
	}()
	err := m.execute(t.Context(), "eject", map[string]string{"device": "x"}, nil)
	if refused := (*monitorError)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("execute() = %v, want QEMU's refusal", err)
	}
	if e := <-events; e.Name != "STOP" {
		t.Errorf("first event %q", e.Name)
	}
	if e := <-events; e.Name != "SHUTDOWN" || string(e.Data) != `{"reason": "x"}` {
		t.Errorf("second event %q %s", e.Name, e.Data)
	}
}

func TestMonitorEndsWithContextAndConnection(t *testing.T) {
	m, qemu := connectMonitor(t, func(monitorEvent) {})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	execute := func(ctx context.Context) { result <- m.execute(ctx, "query-status", nil, nil) }
	go execute(ctx)
	_, late := qemu.command()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("execute() = %v, want Canceled", err)
	}
	// The answer that nobody waits for any more does no harm.
	qemu.write(fmt.Sprintf(`{"return": {}, "id": %d}`, late))
	go execute(t.Context())
	qemu.command()
	_ = qemu.conn.Close()
	if err := <-result; !errors.Is(err, errMonitorGone) {
		t.Errorf("execute() = %v, want errMonitorGone", err)
	}
	<-m.gone
	if err := m.execute(t.Context(), "quit", nil, nil); !errors.Is(err, errMonitorGone) {
		t.Errorf("execute() after the end = %v, want errMonitorGone", err)
	}
}

func TestMonitorRefusesWhatIsNoQEMU(t *testing.T) {
	for name, said := range map[string]string{
		"garbage":     "\x00\xffSSH-2.0-OpenSSH\r\n",
		"other JSON":  `{"hello": "world"}`,
		"wrong types": `{"QMP": 3}`,
		"nothing":     "",
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = io.WriteString(theirs, said)
				_ = theirs.Close()
			}()
			if _, err := newMonitor(t.Context(), ours, func(monitorEvent) {}); err == nil {
				t.Error("newMonitor() accepts it")
			}
			if _, err := ours.Write([]byte("x")); err == nil {
				t.Error("connection is left open")
			}
		})
	}
	t.Run("silence", func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := newMonitor(ctx, ours, func(monitorEvent) {}); !errors.Is(err, context.Canceled) {
			t.Errorf("newMonitor() = %v, want Canceled", err)
		}
	})
}
