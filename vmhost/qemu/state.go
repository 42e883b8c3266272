package qemu

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

// identity is what a QEMU was made of, as far as its state depends on it.
type identity struct {
	// Program is the QEMU program and its version.
	Program string `json:"program"`
	// Host is the host's processor and kernel, where they show through to the guest.
	Host string `json:"host,omitempty"`
	// Arguments is the command line but for what differs with each start.
	Arguments []string `json:"arguments"`
}

func newIdentity(s vmhost.Spec, prog program, p plan) identity {
	id := identity{
		Program:   fmt.Sprintf("%s %v, %d bytes of %d", prog.Path, prog.Version, prog.Size, prog.Modified.UnixNano()),
		Arguments: arguments(s, plan{accel: p.accel, cpu: p.cpu, version: p.version}),
	}
	if p.accel != tcg {
		id.Host = hostCPU()
	}
	return id
}

// stateHeader is all that a saved state belongs to.
type stateHeader struct {
	Machine identity `json:"machine"`
	Binding string   `json:"binding"`
	// Disks are the marks of the disks' files, in the Spec's order.
	Disks []string `json:"disks"`
	// Ticket is the content of the ticket in the machine's folder, which is removed when any machine is started there. So
	// the state is used once, and not after a machine that booted.
	Ticket string `json:"ticket"`
}

func newStateHeader(id identity, s vmhost.Spec, binding, ticket string) (stateHeader, error) {
	h := stateHeader{Machine: id, Binding: binding, Disks: []string{}, Ticket: ticket}
	for _, disk := range s.Disks {
		mark, err := statefile.Mark(disk.Path)
		if err != nil {
			return stateHeader{}, fmt.Errorf("look at disk %q: %w", disk.ID, err)
		}
		h.Disks = append(h.Disks, mark)
	}
	return h, nil
}

// mismatch is nil if a state with the header h belongs to what has the header now.
func (h stateHeader) mismatch(now stateHeader) error {
	differs := func(what string) error { return fmt.Errorf("%w: %s", vmhost.ErrStateMismatch, what) }
	switch {
	case h.Binding != now.Binding:
		return differs("its binding differs")
	case h.Machine.Program != now.Machine.Program:
		return differs("it was saved by another QEMU: " + h.Machine.Program)
	case h.Machine.Host != now.Machine.Host:
		return differs("it was saved on another processor or kernel of the host")
	case !slices.Equal(h.Machine.Arguments, now.Machine.Arguments):
		return differs("it was made from another spec")
	case !slices.Equal(h.Disks, now.Disks):
		return differs("a disk was changed since")
	case h.Ticket == "" || h.Ticket != now.Ticket:
		return differs("another machine was started since")
	}
	return nil
}

// issueTicket makes a new ticket in the folder; see stateHeader.
func (f files) issueTicket() (string, error) {
	ticket := rand.Text()
	return ticket, statefile.WriteFile(f.ticket, []byte(ticket))
}

// currentTicket is empty if there is none.
func (f files) currentTicket() (string, error) {
	text, err := os.ReadFile(f.ticket)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// voidTicket makes every saved state of the folder useless; from then on its disks may be written.
func (f files) voidTicket() error {
	if err := statefile.Remove(f.ticket); err != nil {
		return hinted(fmt.Errorf("write to machine folder: %w", err), folderHint)
	}
	return nil
}
