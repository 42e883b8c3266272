package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

var _ vmhost.Resumer = (*Driver)(nil)

// Resume makes a machine that goes on from a saved state; see vmhost.Resumer.
func (d *Driver) Resume(_ context.Context, s vmhost.Spec, st vmhost.State) (vmhost.Machine, error) {
	m, err := d.create(s)
	if err != nil {
		return nil, err
	}
	m.saved = &st
	return m, nil
}

// openState opens the state that the machine is to go on from, if it is this machine's. The folder is taken.
func (m *Machine) openState(id identity) (*statefile.Reader, error) {
	var header stateHeader
	state, err := statefile.Open(m.saved.File, &header)
	if err != nil {
		return nil, fmt.Errorf("open saved state: %w", err)
	}
	ticket, err := m.files.currentTicket()
	var now stateHeader
	if err == nil {
		now, err = newStateHeader(id, m.spec, m.saved.Binding, ticket)
	}
	if err == nil {
		err = header.mismatch(now)
	}
	if err != nil {
		_ = state.Close()
		return nil, err
	}
	return state, nil
}

// dropUseless removes the file of a state that err says is of no use.
func (m *Machine) dropUseless(err error) {
	if !errors.Is(err, vmhost.ErrStateMismatch) && !errors.Is(err, vmhost.ErrStateDamaged) {
		return
	}
	if err := statefile.Remove(m.saved.File); err != nil {
		m.log.Warn("remove useless state", "error", err)
	}
}

// load gives QEMU, which waits for it, the machine's state and lets the processors run.
func (m *Machine) load(ctx context.Context, run *running, state *statefile.Reader) error {
	if err := run.migrateFrom(ctx, state); err != nil {
		return err
	}
	// From here on the disks change, so the state must never be used again.
	if err := m.files.voidTicket(); err != nil {
		return err
	}
	if err := statefile.Remove(m.saved.File); err != nil {
		return fmt.Errorf("remove used state: %w", err)
	}
	err := run.monitor.execute(ctx, "cont", nil, nil)
	if refused := (*monitorError)(nil); errors.As(err, &refused) {
		return explain(refused.Desc, m.spec)
	}
	return err
}

// migrateFrom sends QEMU the machine's state.
func (r *running) migrateFrom(ctx context.Context, state *statefile.Reader) error {
	if err := r.prepareMigration(ctx); err != nil {
		return err
	}
	if err := r.monitor.execute(ctx, "migrate-incoming", map[string]string{"uri": "unix:" + r.files.state}, nil); err != nil {
		return err
	}
	conn, err := dial(ctx, r.files.state, busy)
	if err != nil {
		return err
	}
	if err := send(ctx, state, conn); err != nil {
		return err
	}
	return r.awaitMigration(ctx)
}

// send writes all of the state to conn and closes it. QEMU, if it refuses the state, ends.
func send(ctx context.Context, state *statefile.Reader, conn net.Conn) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	_, err := state.WriteTo(conn)
	return err
}
