package statefile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

type header struct{ Name string }

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	w, err := statefile.Create(path, header{"one"})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.ReadFrom(iotest.HalfReader(bytes.NewReader(content))); err != nil || n != int64(len(content)) {
		t.Fatalf("ReadFrom() = %d, %v", n, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("file is there before Commit: %v", err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	w.Abort()
}

func read(path string) (header, []byte, error) {
	var h header
	r, err := statefile.Open(path, &h)
	if err != nil {
		return h, nil, err
	}
	defer r.Close()
	var got bytes.Buffer
	_, err = r.WriteTo(&got)
	return h, got.Bytes(), err
}

// pattern is a content in which no two places look the same.
func pattern(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * i >> 7)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, 1 << 20, 3<<20 + 5} {
		path := filepath.Join(t.TempDir(), "state")
		want := pattern(size)
		write(t, path, want)
		h, got, err := read(path)
		if err != nil || h.Name != "one" || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: read %d with header %+v, %v", size, len(got), h, err)
		}
		wantFiles(t, filepath.Dir(path), "state")
	}
}

// TestDamage cuts and changes a file in each of its parts. Whatever is handed out before that is noticed is right.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	want := pattern(2<<20 + 1000)
	write(t, path, want)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{"empty": {}, "longer header": append(good[:16:16], 0xff)}
	for _, at := range []int{0, 10, 17, 22, 30, 60, 1 << 20, len(good) - 1005, len(good) - 9, len(good) - 1} {
		bad["cut"] = good[:at]
		changed := bytes.Clone(good)
		changed[at] ^= 0x10
		bad["changed"] = changed
		for what, content := range bad {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, got, err := read(path)
			if !errors.Is(err, vmhost.ErrStateDamaged) {
				t.Errorf("%s at %d: %v, want ErrStateDamaged", what, at, err)
			}
			if !bytes.HasPrefix(want, got) {
				t.Errorf("%s at %d: wrong bytes are handed out", what, at)
			}
		}
	}
}

// TestOtherVersion: a state of another version is not damaged, it is somebody else's.
func TestOtherVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	write(t, path, []byte("content"))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[13] = '2'
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(path); !errors.Is(err, vmhost.ErrStateMismatch) {
		t.Errorf("%v, want ErrStateMismatch", err)
	}
}

func TestAbortLeavesTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	write(t, path, []byte("old"))
	for range 2 { // the second finds what the first, as if it had crashed, has left
		w, err := statefile.Create(path, header{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Abort)
	}
	if _, got, err := read(path); err != nil || string(got) != "old" {
		t.Errorf("read %q, %v, want the old file", got, err)
	}
	w, err := statefile.Create(path, header{})
	if err != nil {
		t.Fatal(err)
	}
	source := errors.New("source")
	if _, err := w.ReadFrom(iotest.ErrReader(source)); !errors.Is(err, source) {
		t.Errorf("ReadFrom() = %v", err)
	}
	w.Abort()
	wantFiles(t, filepath.Dir(path), "state")
	for range 2 {
		if err := statefile.Remove(path); err != nil {
			t.Error(err)
		}
	}
	wantFiles(t, filepath.Dir(path))
}

func TestMarkSeesWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk")
	if err := statefile.WriteFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	before, err := statefile.Mark(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := statefile.Mark(path); err != nil || again != before {
		t.Errorf("Mark() = %q, %v, want %q", again, err, before)
	}
	if err := os.Truncate(path, 1<<20); err != nil {
		t.Fatal(err)
	}
	if after, err := statefile.Mark(path); err != nil || after == before {
		t.Errorf("Mark() = %q, %v after a change", after, err)
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if len(got) != len(want) || (len(want) > 0 && got[0] != want[0]) {
		t.Errorf("folder has %q, want %q", got, want)
	}
}
