package pid1

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/pid1/initrd"
)

const (
	// dataSerial is the serial number of the data disk.
	dataSerial = "wherry-data"
	// dataDir is where the data disk is mounted: images, containers, volumes and logs.
	dataDir = "/var/lib"
)

// A diskError is a data disk that the boot cannot go on with. Its text is for the user.
type diskError struct {
	message, hint string
}

func (e *diskError) Error() string { return e.message }

// A dataDisk is the disk with all that outlives the guest.
type dataDisk struct {
	children *children
	// device is found by prepare.
	device string
}

// prepare mounts the data disk, after making a file system on a blank one, or checking one that needs it, and lets the
// file system grow to the disk's size. It never writes to a disk that is neither blank nor ours.
func (d *dataDisk) prepare() error {
	var err error
	if d.device, err = initrd.FindDisk(dataSerial); err != nil {
		return &diskError{"the data disk is not attached", "run `wherry restart`"}
	}
	super, err := d.look()
	if err != nil {
		return err
	}
	if super == nil {
		if err := d.format(); err != nil {
			return err
		}
	} else if super.hasErrors() {
		if err := d.check(); err != nil {
			return err
		}
	}
	if err := d.mount(); err != nil {
		if err := d.check(); err != nil {
			return err
		}
		if err := d.mount(); err != nil {
			return d.broken(fmt.Sprintf("the data disk was checked but does not mount: %v", err))
		}
	}
	return d.grow()
}

// look returns the file system's header, or nil for a blank disk.
func (d *dataDisk) look() (*ext4Super, error) {
	f, err := os.Open(d.device)
	if err != nil {
		return nil, fmt.Errorf("open data disk: %w", err)
	}
	defer f.Close()
	super, err := readExt4Super(f)
	if super != nil || err != nil {
		return super, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("measure data disk: %w", err)
	}
	isBlank, where, err := blank(f, size)
	if err != nil {
		return nil, d.broken(fmt.Sprintf("the data disk cannot be read: %v", err))
	}
	if !isBlank {
		return nil, &diskError{
			fmt.Sprintf("the data disk holds something that is not Wherry's (at byte %d); it is left as it is", where),
			"try `wherry rescue e2fsck " + d.device + "`; if nothing on it is needed, run `wherry reset`",
		}
	}
	return nil, nil
}

// format makes the file system. Journal and tables are small and filled in later: the first boot does not wait for them.
func (d *dataDisk) format() error {
	out, status, err := d.children.run("/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", dataSerial,
		"-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", d.device)
	if err != nil || status != 0 {
		return d.broken(fmt.Sprintf("no file system could be made on the data disk: %s (status %d, %v)", out, status, err))
	}
	return nil
}

// check repairs what can be repaired without asking.
func (d *dataDisk) check() error {
	const corrected = 1
	out, status, err := d.children.run("/usr/sbin/e2fsck", "-p", d.device)
	if err != nil || status&^corrected != 0 {
		return d.broken(fmt.Sprintf("the data disk is damaged: %s (status %d, %v)", out, status, err))
	}
	return nil
}

func (d *dataDisk) broken(message string) error {
	return &diskError{message, "repair it with `wherry rescue e2fsck -f " + d.device + "`, then run `wherry start`"}
}

func (d *dataDisk) mount() error {
	err := unix.Mount(d.device, dataDir, "ext4", unix.MS_NOATIME, "discard,commit=30")
	if err != nil {
		return fmt.Errorf("mount data disk: %w", err)
	}
	return nil
}

// grow lets the mounted file system take all of the disk.
func (d *dataDisk) grow() error {
	f, err := os.Open(d.device)
	if err != nil {
		return fmt.Errorf("open data disk: %w", err)
	}
	defer f.Close()
	super, err := readExt4Super(f)
	if err != nil {
		return err
	}
	if super == nil {
		return errors.New("grow data disk: no file system")
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("measure data disk: %w", err)
	}
	blocks := uint64(size) / super.blockSize
	if blocks <= super.blocks+super.perGroup/2 {
		return nil
	}
	root, err := os.Open(dataDir)
	if err != nil {
		return fmt.Errorf("open data disk: %w", err)
	}
	defer root.Close()
	if err := resizeExt4(root, blocks); err != nil {
		return fmt.Errorf("grow data disk to %s bytes: %w", strconv.FormatInt(size, 10), err)
	}
	return nil
}

// ext4Super is what is read of an ext4 file system's header.
type ext4Super struct {
	blocks, blockSize, perGroup uint64
	state                       uint16
}

func (s *ext4Super) hasErrors() bool { return s.state&2 != 0 }

// readExt4Super reads the header, or returns nil if there is none.
func readExt4Super(r io.ReaderAt) (*ext4Super, error) {
	const offset, magic = 1024, 0xef53
	b := make([]byte, 1024)
	if _, err := r.ReadAt(b, offset); err != nil {
		return nil, fmt.Errorf("read data disk: %w", err)
	}
	le := binary.LittleEndian
	if le.Uint16(b[0x38:]) != magic {
		return nil, nil
	}
	return &ext4Super{
		blocks:    uint64(le.Uint32(b[0x04:])) | uint64(le.Uint32(b[0x150:]))<<32,
		blockSize: 1024 << (le.Uint32(b[0x18:]) & 0xf),
		perGroup:  uint64(le.Uint32(b[0x20:])),
		state:     le.Uint16(b[0x3a:]),
	}, nil
}
