package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/space"
	"github.com/wherry-app/wherry/linuxvm/image"
	"github.com/wherry-app/wherry/vmhost"
)

// A guest image that has booted is kept in the state directory, as links where that is possible, until a newer one has
// booted, too. A newer one that does not get docker to answer is put aside for it.

// keptVersion is raised when images.json means something else than before.
const keptVersion = 1

// keptImages says what is known of images by the identity of their contents.
type keptImages struct {
	Version int `json:"version"`
	// Good has booted and is kept; Bad did not boot, Times times in a row.
	Good  string `json:"good"`
	Bad   string `json:"bad,omitempty"`
	Times int    `json:"times,omitempty"`
}

// badTimes is how often a new image may fail before the kept one is taken at once.
const badTimes = 2

func (e *Engine) keptFile() string { return filepath.Join(e.cfg.Home.Root(), "images.json") }

// kept reads what is known; of a newer version, or a damaged one, nothing is.
func (e *Engine) kept() keptImages {
	var k keptImages
	text, err := os.ReadFile(e.keptFile())
	if err != nil || json.Unmarshal(text, &k) != nil || k.Version != keptVersion {
		return keptImages{Version: keptVersion}
	}
	return k
}

func (e *Engine) noteKept(k keptImages) {
	text, err := json.Marshal(k)
	if err == nil {
		err = os.WriteFile(e.keptFile(), text, 0o600)
	}
	if err != nil {
		e.log.Warn("note which guest image is good", "error", err)
	}
}

// keptDir is where an image is kept.
func (e *Engine) keptDir(inputs string) string {
	sum := sha256.Sum256([]byte(inputs))
	return filepath.Join(e.cfg.Home.Images(), hex.EncodeToString(sum[:6]))
}

// chooseImage takes the image that belongs to this program. Where that cannot be used, or has failed before, it is the
// one that booted last.
func (s *session) chooseImage(ctx context.Context) error {
	img, err := s.cfg.Image()
	k := s.kept()
	if err == nil && img.Manifest.Inputs == k.Bad && k.Times >= badTimes {
		err = errors.New("it did not start docker when it was tried")
	} else if err == nil {
		s.plan.image = img
		if !s.holdsState() { // else it is verified if it has to boot
			err = s.verify(ctx)
		}
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	old := s.openKept(ctx)
	if old == nil {
		if img != nil && s.plan.image == nil {
			s.plan.image = img
			return s.verify(ctx)
		}
		return err
	}
	s.takeKept(old, err)
	return nil
}

// openKept is the image that booted last, nil if there is none, or if it is damaged.
func (s *session) openKept(ctx context.Context) *image.Image {
	good := s.kept().Good
	if good == "" {
		return nil
	}
	old, err := image.Open(image.Config{Dir: s.keptDir(good), Hint: "install Wherry anew"})
	if err == nil {
		err = old.Verify(ctx)
	}
	if err != nil {
		s.log.Warn("kept guest image cannot be used", "error", err)
		return nil
	}
	return old
}

// takeKept puts the kept image into the plan and says why.
func (s *session) takeKept(old *image.Image, why error) {
	s.log.Warn("the guest image that booted last is used", "instead_because", why)
	s.plan.image, s.verified = old, true
	info := app.InfoOf(fmt.Errorf("the new guest image cannot be used, the one before it is: %w", why))
	info.Hint = "install Wherry anew; `wherry diagnose` packs what is needed to find the cause"
	s.report("", func(snap *app.Snapshot) { snap.SetWarning(app.WarnImage, info) })
}

// bootOrFallBack boots, and where a new image does not get docker to answer, boots the one before it.
func (s *session) bootOrFallBack() error {
	err := s.boot()
	if err == nil {
		s.task("keep the guest image", s.keepImage)
		return nil
	}
	now := s.plan.image
	k := s.kept()
	if s.life.Err() != nil || s.wasReady() || s.adopted || s.cfg.Rescue || now == nil || k.Good == "" || now.Manifest.Inputs == k.Good {
		return err
	}
	old := s.openKept(s.life)
	if old == nil {
		return err
	}
	if k.Bad != now.Manifest.Inputs {
		k.Bad, k.Times = now.Manifest.Inputs, 0
	}
	k.Times++
	s.noteKept(k)
	if s.machine != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if stopErr := s.machine.Stop(ctx, vmhost.StopKill); stopErr != nil {
			return errors.Join(err, stopErr)
		}
	}
	s.unwind()
	s.machine, s.link, s.agent = nil, nil, nil
	s.takeKept(old, err)
	return s.boot()
}

// keepImage keeps the image that has just booted, and no other.
func (s *session) keepImage(ctx context.Context) error {
	img := s.plan.image
	k := s.kept()
	dir := s.keptDir(img.Manifest.Inputs)
	if k.Good == img.Manifest.Inputs || s.adopted || img.Manifest.Inputs == "" {
		return nil
	}
	if err := copyImage(ctx, img, dir); err != nil {
		return fmt.Errorf("keep the guest image: %w", err)
	}
	s.noteKept(keptImages{Version: keptVersion, Good: img.Manifest.Inputs})
	all, err := os.ReadDir(s.cfg.Home.Images())
	if err != nil {
		return fmt.Errorf("remove older guest images: %w", err)
	}
	for _, e := range all {
		if path := filepath.Join(s.cfg.Home.Images(), e.Name()); path != dir {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// roomForImage is what has to be free, in bytes, for an image to be copied.
const roomForImage = 5 << 30

// copyImage links an image's files into a folder, or copies them where that is not possible.
func copyImage(ctx context.Context, img *image.Image, dir string) error {
	partial := dir + ".new"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o700)); err != nil {
		return err
	}
	for _, name := range []string{image.Kernel, image.Initrd, image.Root, image.ManifestName} {
		from, to := img.Path(name), filepath.Join(partial, name)
		if real, err := filepath.EvalSymlinks(from); err == nil {
			from = real
		}
		if os.Link(from, to) == nil {
			continue
		}
		if room, err := space.Of(partial); err != nil || room.Free < roomForImage {
			return errors.Join(errors.New("too little space is free"), err, os.RemoveAll(partial))
		}
		if err := copyFile(ctx, from, to); err != nil {
			return errors.Join(err, os.RemoveAll(partial))
		}
	}
	return errors.Join(os.RemoveAll(dir), os.Rename(partial, dir))
}

// copyFile copies in pieces, so that it ends soon when ctx does.
func copyFile(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	for err == nil {
		if err = ctx.Err(); err == nil {
			_, err = io.CopyN(out, in, 8<<20)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, out.Close())
}
