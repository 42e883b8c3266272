package image

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
	"runtime"
	"sync"
)

// Causes of an *Error, for errors.Is.
var (
	// ErrMissing means that there is no image, or a file of it is not there.
	ErrMissing = errors.New("guest image is missing")
	// ErrDamaged means that a file is not what the manifest says.
	ErrDamaged = errors.New("guest image is damaged")
	// ErrFormat means that the image was made for another version of Wherry.
	ErrFormat = errors.New("guest image is of another version")
)

// An Error says what is wrong with an image. It wraps ErrMissing, ErrDamaged or ErrFormat, and the system's error if
// there is one.
type Error struct {
	// Path of the file that is wrong.
	Path string
	// Err is the cause.
	Err  error
	hint string
}

func (e *Error) Error() string { return fmt.Sprintf("%q: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint names what the user can do about it.
func (e *Error) Hint() string { return e.hint }

// Config says where an image is.
type Config struct {
	// Dir has the image's files.
	Dir string
	// Hint is the next action for the user when the image is not usable, one sentence without a final full stop, for
	// example "run `make guest`".
	Hint string
}

// An Image is a guest image on disk.
type Image struct {
	Manifest Manifest

	config Config
}

// Open reads an image's manifest and checks that its files are there in their sizes. It does not read them.
func Open(c Config) (*Image, error) {
	i := &Image{config: c}
	path := i.Path(ManifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, i.fileError(path, err)
	}
	if err := json.Unmarshal(text, &i.Manifest); err != nil {
		return nil, i.wrong(path, fmt.Errorf("%w: read manifest: %w", ErrDamaged, err))
	}
	if i.Manifest.Format != Format {
		return nil, i.wrong(path, fmt.Errorf("%w: manifest has format %d, not %d", ErrFormat, i.Manifest.Format, Format))
	}
	for _, name := range []string{Kernel, Initrd, Root} {
		a, ok := i.artifact(name)
		if !ok {
			return nil, i.wrong(path, fmt.Errorf("%w: manifest does not name %q", ErrDamaged, name))
		}
		info, err := os.Stat(i.Path(name))
		if err != nil {
			return nil, i.fileError(i.Path(name), err)
		}
		if info.Size() != a.Size {
			return nil, i.wrong(i.Path(name), fmt.Errorf("%w: %d bytes, not %d", ErrDamaged, info.Size(), a.Size))
		}
	}
	return i, nil
}

// Path returns where an artifact is.
func (i *Image) Path(artifact string) string { return filepath.Join(i.config.Dir, artifact) }

// Verify reads all artifacts and compares them with the manifest, on all processors. The error is an *Error, or ctx's.
func (i *Image) Verify(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for _, a := range i.Manifest.Artifacts {
		for n, want := range a.Chunks {
			select {
			case turns <- struct{}{}:
			case <-ctx.Done():
				wg.Wait()
				return context.Cause(ctx)
			}
			wg.Go(func() {
				defer func() { <-turns }()
				if err := i.verifyChunk(a, n, want); err != nil {
					cancel(err)
				}
			})
		}
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (i *Image) verifyChunk(a Artifact, n int, want string) error {
	path := i.Path(a.Name)
	f, err := os.Open(path)
	if err != nil {
		return i.fileError(path, err)
	}
	defer f.Close()
	offset := int64(n) * ChunkSize
	size := min(ChunkSize, a.Size-offset)
	sum := sha256.New()
	if got, err := io.Copy(sum, io.NewSectionReader(f, offset, size)); err != nil || got != size {
		return i.wrong(path, fmt.Errorf("%w: read %d of %d bytes at %d: %w", ErrDamaged, got, size, offset, noEOF(err)))
	}
	if hex.EncodeToString(sum.Sum(nil)) != want {
		return i.wrong(path, fmt.Errorf("%w: wrong checksum in the %d bytes at %d", ErrDamaged, size, offset))
	}
	return nil
}

func noEOF(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Describe makes the manifest's entry of a file.
func Describe(path string) (Artifact, error) {
	f, err := os.Open(path)
	if err != nil {
		return Artifact{}, fmt.Errorf("open artifact: %w", err)
	}
	defer f.Close()
	a := Artifact{Name: filepath.Base(path)}
	whole := sha256.New()
	for {
		chunk := sha256.New()
		n, err := io.CopyN(io.MultiWriter(whole, chunk), f, ChunkSize)
		if n > 0 {
			a.Size += n
			a.Chunks = append(a.Chunks, hex.EncodeToString(chunk.Sum(nil)))
		}
		if errors.Is(err, io.EOF) {
			a.SHA256 = hex.EncodeToString(whole.Sum(nil))
			return a, nil
		}
		if err != nil {
			return Artifact{}, fmt.Errorf("read artifact %q: %w", path, err)
		}
	}
}

func (i *Image) artifact(name string) (Artifact, bool) {
	for _, a := range i.Manifest.Artifacts {
		if a.Name == name {
			return a, true
		}
	}
	return Artifact{}, false
}

func (i *Image) fileError(path string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrMissing, err)
	} else {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return i.wrong(path, err)
}

func (i *Image) wrong(path string, err error) error {
	return &Error{Path: path, Err: err, hint: i.config.Hint}
}
