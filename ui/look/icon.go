package look

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"

	"github.com/wherry-app/wherry/assets/icons"
)

// icon is a line icon in one of the theme's colours. Its name changes with the colour, so that caches by name hold.
type icon struct {
	name  string
	svg   []byte
	color fyne.ThemeColorName
}

var _ fyne.Resource = (*icon)(nil)

// Icon is one of the app's icons in the colour of text.
func Icon(name string) fyne.Resource { return IconIn(name, theme.ColorNameForeground) }

// IconIn is one of the app's icons in a colour of the theme. An unknown name is a mistake in the program and panics.
func IconIn(name string, c fyne.ThemeColorName) fyne.Resource {
	svg, err := icons.Files.ReadFile(name + ".svg")
	if err != nil {
		panic(err)
	}
	return &icon{name, svg, c}
}

func (i *icon) hex() string {
	r, g, b, _ := theme.Color(i.color).RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

// Name is unique per icon and colour.
func (i *icon) Name() string { return i.name + i.hex() + ".svg" }

// Content is the SVG with the present theme's colour.
func (i *icon) Content() []byte {
	return bytes.ReplaceAll(i.svg, []byte("currentColor"), []byte(i.hex()))
}

// AppIcon is the app's own.
func AppIcon() fyne.Resource { return fixed("app") }

// TrayIcon is the tray's for a state (stopped, starting, running, asleep, failed) as a PNG, which every tray takes.
func TrayIcon(state string) (fyne.Resource, error) {
	const size = 64
	svg, err := oksvg.ReadIconStream(bytes.NewReader(fixed("tray-" + state).Content()))
	if err != nil {
		return nil, fmt.Errorf("read tray icon %q: %w", state, err)
	}
	svg.SetTarget(0, 0, size, size)
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	svg.Draw(rasterx.NewDasher(size, size, rasterx.NewScannerGV(size, size, img, img.Bounds())), 1)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("write tray icon %q: %w", state, err)
	}
	return fyne.NewStaticResource("tray-"+state+".png", b.Bytes()), nil
}

func fixed(name string) fyne.Resource {
	svg, err := icons.Files.ReadFile(name + ".svg")
	if err != nil {
		panic(err)
	}
	return fyne.NewStaticResource(name+".svg", svg)
}
