// Command sharer is the container's side in tests of shared folders.
//
//	sharer tree DIR           describes what is in a folder
//	sharer change DIR SEED    for each number of changes that a line of its input has: makes them, then says "done"; for
//	                          a line "tree": describes the folder, then says "done"
//	sharer watch DIR…         says "ready", then a line for each event that inotify has: what, the path, and the size that
//	                          the path has now, -1 if it has gone
//	sharer escape DIR TRIES   tries to get out of a folder over links that others turn round
//	sharer records FILE       appends numbered lines, each said when fsync has returned
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/cmd/e2e/twoside"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("sharer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: sharer tree|change|watch|escape|records …")
	}
	switch args[0] {
	case "tree":
		return tree(args[1])
	case "change":
		seed, err := strconv.ParseUint(args[2], 10, 64)
		if err != nil {
			return err
		}
		return change(args[1], seed)
	case "watch":
		return watch(args[1:])
	case "escape":
		tries, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return escape(args[1], tries)
	case "records":
		return records(args[1])
	}
	return fmt.Errorf("unknown command %q", args[0])
}

func tree(dir string) error {
	lines, err := twoside.Tree(dir)
	for _, l := range lines {
		fmt.Println(l)
	}
	return err
}

func change(dir string, seed uint64) error {
	m := twoside.NewMutator(dir, seed)
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "tree" {
			if err := tree(dir); err != nil {
				fmt.Println("error", err)
			}
		} else if n, err := strconv.Atoi(in.Text()); err == nil {
			m.Change(n)
		}
		fmt.Println("done")
	}
	return nil
}

// kinds are inotify's, in the order they are said in.
func kinds() []struct {
	mask uint32
	name string
} {
	return []struct {
		mask uint32
		name string
	}{
		{unix.IN_CREATE, "CREATE"},
		{unix.IN_MODIFY, "MODIFY"},
		{unix.IN_CLOSE_WRITE, "CLOSE_WRITE"},
		{unix.IN_ATTRIB, "ATTRIB"},
		{unix.IN_MOVED_FROM, "MOVED_FROM"},
		{unix.IN_MOVED_TO, "MOVED_TO"},
		{unix.IN_DELETE, "DELETE"},
		{unix.IN_DELETE_SELF, "DELETE_SELF"},
		{unix.IN_MOVE_SELF, "MOVE_SELF"},
		{unix.IN_ISDIR, "ISDIR"},
		{unix.IN_Q_OVERFLOW, "OVERFLOW"},
	}
}

func watch(dirs []string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	names := map[int]string{}
	for _, dir := range dirs {
		wd, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_MODIFY|unix.IN_CLOSE_WRITE|unix.IN_ATTRIB|unix.IN_MOVE|unix.IN_DELETE|unix.IN_DELETE_SELF|unix.IN_MOVE_SELF)
		if err != nil {
			return fmt.Errorf("watch %s: %w", dir, err)
		}
		names[wd] = dir
	}
	fmt.Println("ready")
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			return err
		}
		for b := buf[:n]; len(b) >= unix.SizeofInotifyEvent; {
			wd := int(int32(le32(b)))
			mask, length := le32(b[4:]), int(le32(b[12:]))
			var what []string
			for _, k := range kinds() {
				if mask&k.mask != 0 {
					what = append(what, k.name)
				}
			}
			path := filepath.Join(names[wd], strings.TrimRight(string(b[16:16+length]), "\x00"))
			size := int64(-1)
			if st, err := os.Lstat(path); err == nil {
				size = st.Size()
			}
			fmt.Println(strings.Join(what, "|"), path, size)
			b = b[16+length:]
		}
	}
}

func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// escape reads and writes through a name that is a folder at one time and a link out at another: whatever it gets has to
// come from the folder.
func escape(dir string, tries int) error {
	for i := range tries {
		turn := filepath.Join(dir, "turn")
		b, err := os.ReadFile(filepath.Join(turn, "file"))
		if err == nil && string(b) != "inside" && len(b) > 0 {
			return fmt.Errorf("try %d read %q", i, b)
		}
		_ = os.WriteFile(filepath.Join(turn, "made"), []byte("by the container"), 0o644)
		_ = os.Remove(filepath.Join(turn, "made"))
		_ = os.Mkdir(filepath.Join(turn, "folder"), 0o755)
		_ = os.Remove(filepath.Join(turn, "folder"))
	}
	fmt.Println("tried", tries)
	return nil
}

func records(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	for i := 1; ; i++ {
		if _, err := fmt.Fprintf(f, "%d\n", i); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		if _, err := io.WriteString(os.Stdout, fmt.Sprintln(i)); err != nil {
			return err
		}
	}
}
