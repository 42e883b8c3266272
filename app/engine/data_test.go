package engine_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
)

func TestDataDisk(t *testing.T) {
	w := newWorld(t)
	w.run()
	size := func() int64 {
		t.Helper()
		st, err := os.Stat(w.home.DataDisk())
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	cycle := func() {
		t.Helper()
		if err := errors.Join(w.engine.Start(t.Context()), w.engine.Stop(t.Context(), app.StopClean)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.engine.Set(t.Context(), map[string]string{"disk": "4GiB"}); err != nil {
		t.Fatal(err)
	}
	cycle()
	if size() != 4<<30 {
		t.Errorf("size %d", size())
	}
	if _, err := os.Stat(w.home.DataDisk() + ".fresh"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a mounted disk is still marked as fresh")
	}
	if _, err := w.engine.Set(t.Context(), map[string]string{"disk": "3GiB"}); err == nil {
		t.Error("the disk may shrink")
	}
	if _, err := w.engine.Set(t.Context(), map[string]string{"disk": "5GiB"}); err != nil {
		t.Fatal(err)
	}
	write(t, w.home.DataDisk()+".other", nil)
	cycle()
	if size() != 5<<30 {
		t.Errorf("size %d after growing", size())
	}
}

func TestDiskOfAFirstBootThatWasCutShortIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	write(t, w.home.DataDisk(), []byte("half a filesystem"))
	write(t, w.home.DataDisk()+".fresh", nil)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 17)
	f, err := os.Open(w.home.DataDisk())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Read(b); err != nil || string(b) != strings.Repeat("\x00", 17) {
		t.Errorf("%q, %v", b, err)
	}
}

func TestResetEmptiesTheEngineAndKeepsSettingsIfAsked(t *testing.T) {
	w := newWorld(t)
	w.run()
	if _, err := w.engine.Set(t.Context(), map[string]string{"cpus": "3"}); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Reset(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(w.home.DataDisk()); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the data disk is still there")
	}
	if s, err := w.engine.Settings(t.Context()); err != nil || s.CPUs != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := w.engine.Reset(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if s, err := w.engine.Settings(t.Context()); err != nil || s.CPUs != 4 {
		t.Errorf("%+v, %v", s, err)
	}
}
