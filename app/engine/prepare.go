package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/hostroutes"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/vmhost"
)

// The disks' serials, by which the guest knows them.
const (
	rootDiskID = "wherry-root"
	dataDiskID = "wherry-data"
)

// guestMAC is the network card's address; the network's static lease is made for it.
const guestMAC = "5a:94:ef:e4:0c:ee"

// plan is what a start has decided on.
type plan struct {
	settings app.Settings
	image    *image.Image
	driver   vmhost.Driver
	network  hostroutes.Plan
	spec     vmhost.Spec
}

// prepare decides what to boot and sees to everything that can go wrong before a VM exists.
func (s *session) prepare() error {
	var err error
	if s.plan.settings, err = s.Settings(s.life); err != nil {
		return err
	}
	if err := s.plan.settings.Check(s.cfg.Host, 0); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(s.life)
	g.Go(func() error {
		return s.stage(ctx, "image", "checking the guest image", 0, s.chooseImage)
	})
	g.Go(func() error {
		return s.stage(ctx, "driver", "choosing the hypervisor", 0, func(ctx context.Context) (err error) {
			s.plan.driver, err = chooseDriver(ctx, s.cfg.Drivers, s.plan.settings.Driver)
			return err
		})
	})
	return g.Wait()
}

// holdsState says whether the start may go on from a saved machine, which is bound to the image's files as they were when
// they were verified for it.
func (s *session) holdsState() bool {
	_, err := os.Stat(s.cfg.Home.QuickState())
	return err == nil || Suspended(s.cfg.Home)
}

// verify checks the image's files, unless that was done.
func (s *session) verify(ctx context.Context) error {
	if s.verified {
		return nil
	}
	if err := s.plan.image.Verify(ctx); err != nil {
		return err
	}
	s.verified = true
	return nil
}

// chooseDriver takes the named driver, or for "auto" the first that works here.
func chooseDriver(ctx context.Context, drivers []vmhost.Driver, name string) (vmhost.Driver, error) {
	var why error
	for _, d := range drivers {
		if name != app.Auto && name != d.Name() {
			continue
		}
		err := d.Probe(ctx)
		if err == nil {
			return d, nil
		}
		if why == nil {
			why = err
		}
	}
	if why == nil {
		why = app.Errorf("run `wherry settings set driver auto`", "this build has no driver %q", name)
	}
	return nil, why
}

// spec is the machine to boot; a pure value of what was decided.
func makeSpec(set app.Settings, img *image.Image, dataDisk, vmDir, consoleLog string) vmhost.Spec {
	return vmhost.Spec{
		Arch:    vmhost.Arch(img.Manifest.Arch),
		Accel:   set.Accel,
		CPUs:    set.CPUs,
		Memory:  set.Memory,
		Kernel:  img.Path(image.Kernel),
		Initrd:  img.Path(image.Initrd),
		Cmdline: img.Manifest.Cmdline,
		Disks: []vmhost.Disk{
			{ID: rootDiskID, Path: img.Path(image.Root), ReadOnly: true},
			{ID: dataDiskID, Path: dataDisk},
		},
		MAC:        guestMAC,
		Dir:        vmDir,
		ConsoleLog: consoleLog,
	}
}

// freshMark stands beside a data disk that no guest has mounted yet: such a disk holds nothing and may be made anew.
func freshMark(disk string) string { return disk + ".fresh" }

// prepareDisk makes the sparse data disk, or grows it. A disk whose first boot was cut short, so that nothing was ever
// stored on it, is made again; any other is never shortened and never emptied.
func prepareDisk(path string, size int64) error {
	if _, err := os.Stat(freshMark(path)); err == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove unused data disk: %w", err)
		}
	}
	now, err := diskSize(path)
	switch {
	case err != nil:
		return err
	case now > 0 && now >= size:
		return nil
	case now == 0:
		if err := os.WriteFile(freshMark(path), nil, 0o600); err != nil {
			return diskError("create", path, err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return diskError("open", path, err)
	}
	return diskError("grow", path, errors.Join(f.Truncate(size), f.Close()))
}

func diskError(verb, path string, err error) error {
	if err == nil {
		return nil
	}
	return app.Errorf("see to the file's permissions and to free space in "+filepath.Dir(path), "%s data disk: %w", verb, err)
}

// diskSize is the data disk's size in bytes, 0 if there is none.
func diskSize(path string) (int64, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, diskError("look at", path, err)
	}
	return st.Size(), nil
}

// diskMounted notes that the guest has mounted the data disk: from now on it holds the user's data.
func (s *session) diskMounted() {
	if err := os.Remove(freshMark(s.cfg.Home.DataDisk())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("mark data disk as used", "error", err)
	}
}

// leftover says whether an earlier daemon left a VM running.
func (e *Engine) leftover(ctx context.Context) bool {
	_, err := FindVM(ctx, e.cfg.Drivers, e.cfg.Home.VM())
	return err == nil
}

// FindVM looks for a VM that runs in a folder without a daemon; vmhost.ErrNoMachine if there is none.
func FindVM(ctx context.Context, drivers []vmhost.Driver, dir string) (vmhost.Info, error) {
	for _, d := range drivers {
		if a, ok := d.(vmhost.Adopter); ok {
			if info, err := a.Find(ctx, dir); err == nil {
				return info, nil
			}
		}
	}
	return vmhost.Info{}, vmhost.ErrNoMachine
}

// DiscardVM kills a VM that runs in a folder without a daemon, if there is one, and removes what it left.
func DiscardVM(ctx context.Context, drivers []vmhost.Driver, dir string) error {
	var err error
	for _, d := range drivers {
		if a, ok := d.(vmhost.Adopter); ok {
			err = errors.Join(err, a.Discard(ctx, dir))
		}
	}
	return err
}

// reset removes the engine's data. Nothing runs meanwhile.
func (o *owner) reset(keepSettings bool) error {
	h := o.cfg.Home
	paths := []string{h.DataDisk(), freshMark(h.DataDisk()), h.VM(), h.SavedState(), h.QuickState(), h.SavedRules(), h.Cache(), lastErrorFile(h.Root()), runningFile(h.Root()), h.Images(), o.keptFile(), h.Log(app.LogEngine), h.Log(app.LogKernel)}
	if !keepSettings {
		if err := turnAutostart(h, false); err != nil {
			return err
		}
		paths = append(paths, h.SettingsFile())
	}
	for _, p := range paths {
		if err := os.RemoveAll(p); err != nil {
			return fmt.Errorf("remove %s: %w", p, err)
		}
	}
	o.snap.State, o.snap.LastError = app.StateStopped, nil
	return h.Prepare()
}

func lastErrorFile(root string) string { return filepath.Join(root, "last-error.json") }

// saveError keeps the last error for those who ask when no daemon runs.
func (o *owner) saveError(info *app.ErrorInfo) {
	path := lastErrorFile(o.cfg.Home.Root())
	if info == nil {
		_ = os.Remove(path)
		return
	}
	b, err := json.Marshal(info)
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		o.log.Warn("keep last error", "error", err)
	}
}

// LastError is why the engine failed when it last did, nil if it did not since.
func LastError(root string) *app.ErrorInfo {
	b, err := os.ReadFile(lastErrorFile(root))
	if err != nil {
		return nil
	}
	var info app.ErrorInfo
	if json.Unmarshal(b, &info) != nil || strings.TrimSpace(info.Message) == "" {
		return nil
	}
	return &info
}
