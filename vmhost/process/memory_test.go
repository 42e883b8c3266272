package process_test

import (
	"os"
	"testing"

	"github.com/wherry-app/wherry/vmhost/process"
)

func TestMemory(t *testing.T) {
	if n, err := process.Memory(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("this process has %d bytes, %v", n, err)
	}
	if n, err := process.Memory(1 << 30); err == nil {
		t.Errorf("a process that does not exist has %d bytes", n)
	}
}
