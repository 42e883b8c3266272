package build

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// testBzImage makes a bzImage with a payload behind 2 setup sectors.
func testBzImage(payload []byte) []byte {
	const offset = 0x40
	data := make([]byte, 3*512+offset)
	data[0x1f1] = 2
	copy(data[0x202:], "HdrS")
	binary.LittleEndian.PutUint32(data[0x248:], offset)
	binary.LittleEndian.PutUint32(data[0x24c:], uint32(len(payload)+4))
	return append(append(data, payload...), 1, 2, 3, 4)
}

func TestBootKernelOfBzImage(t *testing.T) {
	got, err := bootKernel(testBzImage([]byte("packed kernel")), func(data []byte) ([]byte, error) {
		if string(data) != "packed kernel" {
			t.Errorf("payload is %q", data)
		}
		return []byte("\x7fELFvmlinux"), nil
	})
	if err != nil || string(got) != "\x7fELFvmlinux" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestBootKernelOfImage(t *testing.T) {
	data := make([]byte, 64)
	copy(data[0x38:], arm64Magic)
	got, err := bootKernel(data, nil)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestBootKernelRefuses(t *testing.T) {
	good := testBzImage([]byte("packed kernel"))
	noELF := func([]byte) ([]byte, error) { return []byte("text"), nil }
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		data       []byte
		decompress func([]byte) ([]byte, error)
	}{
		"no kernel":  {[]byte("text"), nil},
		"cut off":    {good[:len(good)-1], nil},
		"no ELF":     {good, noELF},
		"bad packed": {good, func([]byte) ([]byte, error) { return nil, broken }},
	} {
		if got, err := bootKernel(c.data, c.decompress); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
