package pid1

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// buttonGrace is how long containers may take to stop when the power button was pressed.
const buttonGrace = orphanGrace

// watchPowerButton shuts the guest down when its power button is pressed: that is how a host which has lost the link
// asks for it. It returns when ctx ends.
func (a *Agent) watchPowerButton(ctx context.Context) {
	devices, err := filepath.Glob("/dev/input/event*")
	if err != nil || len(devices) == 0 {
		a.log.Debug("no power button")
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, device := range devices {
		f, err := os.OpenFile(device, os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			a.log.Warn("power button", "error", err)
			continue
		}
		defer context.AfterFunc(ctx, func() { f.Close() })()
		wg.Go(func() {
			defer f.Close()
			if awaitPowerKey(f) {
				a.log.Info("power button pressed")
				_ = a.Shutdown(ctx, buttonGrace)
			}
		})
	}
}

// awaitPowerKey reads input events until one says that the power key was pressed (true), or until they end.
func awaitPowerKey(r io.Reader) bool {
	const size, keyEvent, powerKey, pressed = 24, 1, 116, 1
	var event [size]byte // struct input_event: 16 bytes of time, type, code, value
	for {
		if _, err := io.ReadFull(r, event[:]); err != nil {
			return false
		}
		ne := binary.NativeEndian
		if ne.Uint16(event[16:]) == keyEvent && ne.Uint16(event[18:]) == powerKey && ne.Uint32(event[20:]) == pressed {
			return true
		}
	}
}
