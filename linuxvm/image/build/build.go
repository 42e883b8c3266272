package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wherry-app/wherry/linuxvm/image"
)

// recipe is raised when the same lists and programs are to give another image.
const recipe = 1

// Cmdline is what the guest's kernel is given, beside the console: see docs/guest.md for why.
const Cmdline = "quiet panic=-1 cryptomgr.notests no_timer_check 8250.nr_uarts=1 nowatchdog apparmor=0 lsm=landlock,yama"

// Config is what an image is made from.
type Config struct {
	// Arch is the guest's architecture in Go's (and Debian's) names: amd64 or arm64.
	Arch string
	// Out is the image's folder; Cache keeps the unpacked packages for the next build.
	Out, Cache string
	// Lists says what the guest is made of: see the package's documentation.
	Lists fs.FS
	// Agent and Init are the files of the agent and of the initrd's program, for Arch.
	Agent, Init string
	// Welcome is the file of the welcome container's program, for Arch.
	Welcome string
	// AgentVersion goes into the manifest.
	AgentVersion string
	// Refresh unpacks the packages anew, in the versions that Debian has now.
	Refresh bool
	// Progress is told what is being done, a line at a time.
	Progress func(line string)
}

// Build makes the image, unless it is there and was made from the same lists and programs.
func Build(ctx context.Context, c Config) error {
	agent, err := os.ReadFile(c.Agent)
	if err != nil {
		return fmt.Errorf("read agent: %w", err)
	}
	initProgram, err := os.ReadFile(c.Init)
	if err != nil {
		return fmt.Errorf("read init: %w", err)
	}
	welcomeProgram, err := os.ReadFile(c.Welcome)
	if err != nil {
		return fmt.Errorf("read welcome program: %w", err)
	}
	inputs, err := digestInputs(c, agent, initProgram, welcomeProgram)
	if err != nil {
		return err
	}
	if i, err := image.Open(image.Config{Dir: c.Out}); err == nil && i.Manifest.Inputs == inputs && !c.Refresh {
		c.Progress("guest " + c.Arch + ": up to date")
		return nil
	}
	if err := checkTools(); err != nil {
		return err
	}
	base, err := readBase(ctx, c)
	if err != nil {
		return err
	}
	c.Progress("guest " + c.Arch + ": pick files, decompress modules")
	a := &assembler{arch: c.Arch, lists: c.Lists, agent: agent, init: initProgram, decompress: decompress}
	p, err := a.assemble(ctx, base)
	if err != nil {
		return err
	}
	if p.welcome, err = welcomeArchive(welcomeProgram); err != nil {
		return err
	}
	return write(ctx, c, p, inputs)
}

// readBase unpacks the packages, if need be, and reads what can be of use.
func readBase(ctx context.Context, c Config) (Tree, error) {
	packages, err := lines(c.Lists, "packages", c.Arch)
	if err != nil {
		return nil, err
	}
	patterns, err := lines(c.Lists, "files", c.Arch)
	if err != nil {
		return nil, err
	}
	files, err := newMatcher(patterns)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256([]byte(strings.Join(append(packages, suite, contentsHook), "\n")))
	file := filepath.Join(c.Cache, fmt.Sprintf("base-%s-%x.tar", c.Arch, key[:6]))
	if c.Refresh {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return nil, fmt.Errorf("remove old packages: %w", err)
		}
	}
	c.Progress("guest " + c.Arch + ": unpack Debian packages")
	if err := makeBase(ctx, file, c.Arch, packages); err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open unpacked packages: %w", err)
	}
	defer f.Close()
	return readTar(f, keepOfBase(files))
}

// write writes the image's files, the manifest last, so that an image with a manifest is whole.
func write(ctx context.Context, c Config, p *parts, inputs string) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("make image folder: %w", err)
	}
	manifest := filepath.Join(c.Out, image.ManifestName)
	if err := os.Remove(manifest); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove old manifest: %w", err)
	}
	c.Progress("guest " + c.Arch + ": write kernel and initrd")
	var initrd bytes.Buffer
	if err := writeCPIO(&initrd, p.initrd); err != nil {
		return err
	}
	m := image.Manifest{
		Format: image.Format, Arch: c.Arch, Agent: c.AgentVersion, KernelRelease: p.release, Cmdline: Cmdline,
		Packages: p.packages, Inputs: inputs,
	}
	for name, data := range map[string][]byte{image.Kernel: p.kernel, image.Initrd: initrd.Bytes(), image.Welcome: p.welcome} {
		if err := os.WriteFile(filepath.Join(c.Out, name), data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	c.Progress("guest " + c.Arch + ": write root image")
	if err := writeRoot(ctx, filepath.Join(c.Out, image.Root), p.root, rootUUID); err != nil {
		return err
	}
	for _, name := range []string{image.Kernel, image.Initrd, image.Root, image.Welcome} {
		a, err := image.Describe(filepath.Join(c.Out, name))
		if err != nil {
			return err
		}
		m.Artifacts = append(m.Artifacts, a)
		c.Progress(fmt.Sprintf("guest %s: %-10s %6.1f MB", c.Arch, name, float64(a.Size)/1e6))
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("make manifest: %w", err)
	}
	if err := os.WriteFile(manifest, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// rootUUID is every root image's: nothing looks for it.
const rootUUID = "57686572-7279-4000-8000-726f6f740000"

func decompress(ctx context.Context, program string, data []byte) ([]byte, error) {
	return run(ctx, data, program, "-dc")
}

// digestInputs is the digest of all that decides what an image becomes, but for Debian's versions.
func digestInputs(c Config, programs ...[]byte) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %s %s %s %q\n", recipe, c.Arch, suite, c.AgentVersion, Cmdline)
	for _, p := range programs {
		fmt.Fprintf(sum, "%x\n", sha256.Sum256(p))
	}
	err := fs.WalkDir(c.Lists, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(c.Lists, p)
		fmt.Fprintf(sum, "%s %x\n", p, sha256.Sum256(data))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read lists: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
