package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/wherry-app/wherry/vmhost"
)

const (
	// tryTimeout is how long the trial guest may take. It takes some 20 ms on a processor and 0.2 s under emulation; where
	// an accelerator emulates single instructions (a nested one without hardware support) it takes a minute.
	tryTimeout = 2 * time.Second
	// romSize is the smallest firmware that QEMU takes.
	romSize = 64 << 10
)

// trial is a guest of a few instructions that runs in place of a firmware: 50 million rounds of a loop, then it tells
// QEMU to exit. Only an accelerator on which a kernel would make progress comes through that in time.
type trial struct {
	// code is put at the end of the firmware for amd64, whose reset vector is 16 bytes before it, else at its start.
	code   []byte
	atEnd  bool
	device []string // what the guest exits with
	exit   int      // the exit code then
}

// trials by architecture of the guest.
var trials = map[vmhost.Arch]trial{
	vmhost.AMD64: {
		code:   amd64Trial(),
		atEnd:  true,
		device: []string{"-device", "isa-debug-exit,iobase=0xf4,iosize=1"},
		exit:   0x2a<<1 | 1,
	},
	vmhost.ARM64: {
		code: []byte{
			0x41, 0x5f, 0xa0, 0x52, //       mov  w1, #50003968
			0x21, 0x04, 0x00, 0x71, // loop: subs w1, w1, #1
			0xe1, 0xff, 0xff, 0x54, //       b.ne loop
			0x00, 0x01, 0x80, 0x52, //       mov  w0, #8
			0x00, 0x80, 0xb0, 0x72, //       movk w0, #0x8400, lsl #16 (PSCI's SYSTEM_OFF)
			0x02, 0x00, 0x00, 0xd4, //       hvc  #0
			0x00, 0x00, 0x00, 0x14, //       b    .
		},
	},
}

// amd64Trial is the last 256 bytes below 4 GiB, where the processor wakes up. It goes to protected mode, does a floating
// point instruction, which no emulation inside an accelerator knows, and then its loop.
func amd64Trial() []byte {
	code := make([]byte, 256)
	copy(code, []byte{
		0xfa,                                     //       cli
		0x2e, 0x66, 0x0f, 0x01, 0x16, 0x40, 0xff, // lgdtl %cs:0xff40
		0x0f, 0x20, 0xc0, //       mov   %cr0, %eax
		0x0c, 0x01, //             or    $1, %al
		0x0f, 0x22, 0xc0, //       mov   %eax, %cr0
		0x66, 0xea, 0x18, 0xff, 0xff, 0xff, 0x08, 0x00, // ljmpl $8, $0xffffff18
		0xd9, 0xe8, //             fld1
		0xb9, 0x80, 0xf0, 0xfa, 0x02, // mov $50000000, %ecx
		0x49,       //       loop: dec   %ecx
		0x75, 0xfd, //             jnz   loop
		0xb0, 0x2a, //             mov   $0x2a, %al
		0xe6, 0xf4, //             out   %al, $0xf4
		0xf4,       //       halt: hlt
		0xeb, 0xfd, //             jmp   halt
	})
	copy(code[0x38:], []byte{0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0}) // the segment 8: all memory, 32-bit code
	copy(code[0x40:], []byte{0x0f, 0, 0x30, 0xff, 0xff, 0xff})    // the table of segments is at 0xffffff30
	copy(code[0xf0:], []byte{0xe9, 0x0d, 0xff})                   // the reset vector: jmp to the first byte
	return code
}

// rom is the trial as a firmware image.
func (t trial) rom() []byte {
	rom := make([]byte, romSize)
	if t.atEnd {
		copy(rom[romSize-len(t.code):], t.code)
	} else {
		copy(rom, t.code)
	}
	return rom
}

// tryAccel runs the trial guest under an accelerator; nil means that it works.
func tryAccel(ctx context.Context, binary string, p plan, arch vmhost.Arch) error {
	dir, err := os.MkdirTemp("", "wherry-trial-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t, rom := trials[arch], filepath.Join(dir, "rom")
	if err := os.WriteFile(rom, t.rom(), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, tryTimeout, fmt.Errorf("a guest made no progress in %v", tryTimeout))
	defer cancel()
	args := append([]string{
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-m", "16M",
		"-machine", machineType(arch), "-accel", accelerator(p), "-cpu", p.cpu, "-bios", rom,
	}, t.device...)
	cmd := exec.CommandContext(ctx, binary, args...)
	// QEMU does not exit when an accelerator gives up, it only says so.
	said := &watchedOutput{word: "internal error", found: cancel}
	cmd.Stderr = said
	cmd.SysProcAttr = tied()
	runtime.LockOSThread()
	err = cmd.Run()
	runtime.UnlockOSThread()

	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code, err = exit.ExitCode(), nil
	}
	switch {
	case err == nil && code == t.exit:
		return nil
	case said.String() != "":
		return errors.New(firstLine(said.String()))
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	return fmt.Errorf("a guest ended QEMU with exit code %d", code)
}

// firstLine is what QEMU said first, without the program's name.
func firstLine(said string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	return lastLine(line)
}

// watchedOutput keeps what is written and calls found once a word was in it.
type watchedOutput struct {
	word  string
	found func()

	mu   sync.Mutex
	text bytes.Buffer
}

func (o *watchedOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if bytes.Contains(o.text.Bytes(), []byte(o.word)) {
		o.found()
	}
	return len(p), nil
}

func (o *watchedOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
