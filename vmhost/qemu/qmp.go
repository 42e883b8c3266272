package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// errMonitorGone is returned by commands when QEMU closed the connection.
var errMonitorGone = errors.New("QEMU's monitor is gone")

// writeTimeout bounds the writing of one command.
const writeTimeout = 2 * time.Second

// monitorEvent is something that QEMU reports by itself.
type monitorEvent struct {
	Name string          `json:"event"`
	Data json.RawMessage `json:"data"`
}

// monitorError is how QEMU refuses a command.
type monitorError struct {
	Class string `json:"class"`
	Desc  string `json:"desc"`
}

func (e *monitorError) Error() string { return e.Desc }

// monitorMessage is any line that QEMU sends: a greeting, an event or an answer.
type monitorMessage struct {
	monitorEvent
	Greeting *monitorGreeting `json:"QMP"`
	ID       uint64           `json:"id"`
	Return   json.RawMessage  `json:"return"`
	Error    *monitorError    `json:"error"`
}

type monitorGreeting struct {
	Version struct {
		QEMU struct {
			Major int `json:"major"`
			Minor int `json:"minor"`
			Micro int `json:"micro"`
		} `json:"qemu"`
	} `json:"version"`
}

// monitor is a client of QMP, QEMU's control protocol. QEMU serves one client at a time.
type monitor struct {
	conn    net.Conn
	version version
	onEvent func(monitorEvent)
	// gone is closed when the connection has ended and the last event was handed over.
	gone chan struct{}

	mu      sync.Mutex
	lastID  uint64
	waiting map[uint64]chan monitorMessage // nil once gone
}

// newMonitor does QMP's handshake on conn, which it owns then. onEvent gets the events one by one and must not block.
func newMonitor(ctx context.Context, conn net.Conn, onEvent func(monitorEvent)) (*monitor, error) {
	m := &monitor{
		conn:    conn,
		onEvent: onEvent,
		gone:    make(chan struct{}),
		waiting: make(map[uint64]chan monitorMessage),
	}
	decoder := json.NewDecoder(conn)
	if err := m.greet(ctx, decoder); err != nil {
		_ = conn.Close()
		return nil, err
	}
	go m.read(decoder)
	if err := m.execute(ctx, "qmp_capabilities", nil, nil); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// greet reads QEMU's first message.
func (m *monitor) greet(ctx context.Context, decoder *json.Decoder) error {
	stop := context.AfterFunc(ctx, func() { _ = m.conn.SetReadDeadline(time.Unix(1, 0)) })
	var first monitorMessage
	err := decoder.Decode(&first)
	if !stop() {
		return fmt.Errorf("wait for QEMU's monitor: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("wait for QEMU's monitor: %w", err)
	}
	if first.Greeting == nil {
		return errors.New("wait for QEMU's monitor: what answers is no QEMU")
	}
	v := first.Greeting.Version.QEMU
	m.version = version{v.Major, v.Minor, v.Micro}
	return nil
}

// read hands out what QEMU sends until the connection ends.
func (m *monitor) read(decoder *json.Decoder) {
	defer close(m.gone)
	defer m.hangUp()
	for {
		var msg monitorMessage
		if err := decoder.Decode(&msg); err != nil {
			return
		}
		if msg.Name != "" {
			m.onEvent(msg.monitorEvent)
			continue
		}
		m.mu.Lock()
		answer := m.waiting[msg.ID]
		delete(m.waiting, msg.ID)
		m.mu.Unlock()
		if answer != nil {
			answer <- msg
		}
	}
}

// hangUp ends the connection and every command that waits.
func (m *monitor) hangUp() {
	_ = m.conn.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, answer := range m.waiting {
		close(answer)
	}
	m.waiting = nil
}

// execute runs a command and decodes its answer into result; args and result may be nil.
func (m *monitor) execute(ctx context.Context, command string, args, result any) error {
	msg, err := m.exchange(ctx, command, args)
	if err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	if msg.Error != nil {
		return fmt.Errorf("QMP %s: %w", command, msg.Error)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(msg.Return, result); err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	return nil
}

func (m *monitor) exchange(ctx context.Context, command string, args any) (monitorMessage, error) {
	answer := make(chan monitorMessage, 1)
	id, err := m.send(command, args, answer)
	if err != nil {
		return monitorMessage{}, err
	}
	select {
	case msg, ok := <-answer:
		if !ok {
			return msg, errMonitorGone
		}
		return msg, nil
	case <-ctx.Done():
		m.mu.Lock()
		delete(m.waiting, id)
		m.mu.Unlock()
		return monitorMessage{}, ctx.Err()
	}
}

// send writes a command. A QEMU that does not read cannot hold it for longer than writeTimeout; that breaks the
// connection, since half a command would garble the next one.
func (m *monitor) send(command string, args any, answer chan monitorMessage) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == nil {
		return 0, errMonitorGone
	}
	m.lastID++
	line, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        uint64 `json:"id"`
	}{command, args, m.lastID})
	if err != nil {
		return 0, err
	}
	_ = m.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := m.conn.Write(append(line, '\n')); err != nil {
		_ = m.conn.Close()
		return 0, fmt.Errorf("%w: %w", errMonitorGone, err)
	}
	m.waiting[m.lastID] = answer
	return m.lastID, nil
}

// close ends the connection and returns when no event comes any more.
func (m *monitor) close() {
	_ = m.conn.Close()
	<-m.gone
}
