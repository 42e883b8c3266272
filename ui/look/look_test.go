package look_test

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"github.com/wherry-app/wherry/assets/icons"
	"github.com/wherry-app/wherry/ui/look"
)

func TestTrayIcons(t *testing.T) {
	seen := map[string]string{}
	for _, state := range []string{"stopped", "starting", "running", "asleep", "failed"} {
		r, err := look.TrayIcon(state)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(r.Content()))
		if err != nil || img.Bounds().Dx() != 64 {
			t.Fatalf("%s: %v", state, err)
		}
		if other := seen[string(r.Content())]; other != "" {
			t.Errorf("%s looks like %s", state, other)
		}
		seen[string(r.Content())] = state
		drawn := 0
		for x := range 64 {
			for y := range 64 {
				if _, _, _, a := img.At(x, y).RGBA(); a > 0 {
					drawn++
				}
			}
		}
		if drawn < 400 {
			t.Errorf("%s: only %d pixels are drawn", state, drawn)
		}
	}
}

func TestIconsTakeTheThemesColours(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Light))
	files, err := icons.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".svg")
		if name == "app" || strings.HasPrefix(name, "tray-") {
			continue
		}
		a, b := look.Icon(name), look.IconIn(name, theme.ColorNamePrimary)
		if a.Name() == b.Name() || bytes.Equal(a.Content(), b.Content()) || bytes.Contains(a.Content(), []byte("currentColor")) {
			t.Errorf("%s is the same in two colours", name)
		}
	}
}

// TestContrast holds text to the 4.5:1 that the accessibility guidelines ask for, in both faces.
func TestContrast(t *testing.T) {
	for _, mode := range []look.Mode{look.Light, look.Dark} {
		th := look.New(mode)
		at := func(n fyne.ThemeColorName) color.Color { return th.Color(n, theme.VariantLight) }
		for _, c := range [][2]fyne.ThemeColorName{
			{theme.ColorNameForeground, theme.ColorNameBackground},
			{theme.ColorNameForeground, look.Surface},
			{theme.ColorNameForeground, look.Rail},
			{look.Muted, theme.ColorNameBackground},
			{look.Muted, look.Surface},
			{look.Muted, look.Rail},
			{theme.ColorNameHyperlink, look.Surface},
			{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary},
			{theme.ColorNameError, look.Surface},
			{theme.ColorNameForeground, look.BadTint},
			{theme.ColorNameForeground, look.WarnTint},
			{theme.ColorNamePrimary, look.Tint},
			{look.TermText, look.Term},
			{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground},
		} {
			if r := ratio(at(c[0]), at(c[1])); r < 4.5 && !(c[0] == theme.ColorNamePlaceHolder && r > 3.5) {
				t.Errorf("%s: %s on %s has a contrast of %.1f", mode, c[0], c[1], r)
			}
		}
	}
}

func ratio(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	f := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*f(r) + 0.7152*f(g) + 0.0722*f(b)
}
