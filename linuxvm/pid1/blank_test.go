package pid1

import (
	"errors"
	"io"
	"testing"
)

// sparse is a disk that has a few bytes which are not zero.
type sparse struct {
	size  int64
	bytes map[int64]byte
	err   error
	reads int64
}

func (s *sparse) ReadAt(p []byte, offset int64) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	clear(p)
	n := int(min(int64(len(p)), s.size-offset))
	s.reads += int64(n)
	for where, b := range s.bytes {
		if where >= offset && where < offset+int64(n) {
			p[where-offset] = b
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestBlankDisk(t *testing.T) {
	for _, size := range []int64{1 << 20, 3 << 20, 100 << 20, 64 << 30, 2 << 40} {
		disk := &sparse{size: size}
		if ok, where, err := blank(disk, size); !ok || err != nil {
			t.Errorf("size %d: blank is %v at %d, %v", size, ok, where, err)
		}
		if limit := int64(64 << 20); disk.reads > limit {
			t.Errorf("size %d: %d bytes were read, more than %d", size, disk.reads, limit)
		}
	}
}

func TestDiskThatIsNotBlank(t *testing.T) {
	const size = 64 << 30
	for name, where := range map[string]int64{
		"boot sector":      510,
		"ext4":             1080,
		"LVM":              512 + 24,
		"ISO 9660":         32769,
		"btrfs":            64<<10 + 64,
		"btrfs copy":       64<<20 + 64,
		"ext4 copy":        128<<20 + 0x38,
		"ext4 late copy":   896<<20 + 0x38,
		"backup GPT":       size - 512,
		"last byte":        size - 1,
		"end of the edge":  edge - 1,
		"first sample":     edge,
		"data of a sample": edge + 100*sampleStepFor(size),
	} {
		disk := &sparse{size: size, bytes: map[int64]byte{where: 1}}
		if ok, got, err := blank(disk, size); ok || got != where || err != nil {
			t.Errorf("%s: blank is %v at %d, %v, want false at %d", name, ok, got, err, where)
		}
	}
}

// TestFileSystemIsNotBlank has a byte set in every 64 MiB, as any file system has that was used at all.
func TestFileSystemIsNotBlank(t *testing.T) {
	disk := &sparse{size: 10 << 30, bytes: map[int64]byte{}}
	for i := int64(2); i < 160; i++ {
		disk.bytes[i*64<<20] = 0xff
	}
	if ok, _, err := blank(disk, disk.size); ok || err != nil {
		t.Errorf("blank is %v, %v", ok, err)
	}
}

func TestDiskThatCannotBeRead(t *testing.T) {
	broken := errors.New("input/output error")
	if ok, _, err := blank(&sparse{size: 1 << 30, err: broken}, 1<<30); ok || !errors.Is(err, broken) {
		t.Errorf("blank is %v, %v", ok, err)
	}
}
