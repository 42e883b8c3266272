package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/wherry-app/wherry/ui/model"
)

// Mode is which of the two faces is shown.
type Mode string

// The modes.
const (
	System Mode = "system"
	Light  Mode = "light"
	Dark   Mode = "dark"
)

// Modes are all of them.
func Modes() []Mode { return []Mode{System, Light, Dark} }

// Colours beyond those of the toolkit.
const (
	Surface  fyne.ThemeColorName = "wherrySurface"  // cards
	Rail     fyne.ThemeColorName = "wherryRail"     // the left rail
	Line     fyne.ThemeColorName = "wherryLine"     // hairlines
	Muted    fyne.ThemeColorName = "wherryMuted"    // secondary text
	Faint    fyne.ThemeColorName = "wherryFaint"    // tracks of gauges, badges' ground
	Tint     fyne.ThemeColorName = "wherryTint"     // accent's ground
	BadTint  fyne.ThemeColorName = "wherryBadTint"  // errors' ground
	WarnTint fyne.ThemeColorName = "wherryWarnTint" // warnings' ground
	GoodTint fyne.ThemeColorName = "wherryGoodTint" // ground of what is well
	Idle     fyne.ThemeColorName = "wherryIdle"     // dots of what rests
	Second   fyne.ThemeColorName = "wherrySecond"   // a chart's second line
	Term     fyne.ThemeColorName = "wherryTerminal" // ground of terminals and logs
	TermText fyne.ThemeColorName = "wherryTermText"
)

// Grid is the unit of all distances.
const Grid float32 = 8

// Text sizes.
const (
	TextSmall   float32 = 12
	TextBody    float32 = 13.5
	TextHead    float32 = 16
	TextTitle   float32 = 22
	TextDisplay float32 = 28
)

type pair struct{ light, dark uint32 }

func palette(name fyne.ThemeColorName) (pair, bool) {
	switch name {
	case theme.ColorNameBackground:
		return pair{0xf5f7f9ff, 0x14181dff}, true
	case Surface, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground:
		return pair{0xffffffff, 0x1c2128ff}, true
	case theme.ColorNameHeaderBackground, Rail:
		return pair{0xebeff2ff, 0x0f1317ff}, true
	case Line, theme.ColorNameSeparator:
		return pair{0xe1e6eaff, 0x2a313aff}, true
	case theme.ColorNameForeground:
		return pair{0x18202bff, 0xe6eaeeff}, true
	case Muted:
		return pair{0x5d6878ff, 0x9aa5b3ff}, true
	case theme.ColorNamePlaceHolder:
		return pair{0x76818fff, 0x8a95a3ff}, true
	case theme.ColorNameDisabled:
		return pair{0xa3acb8ff, 0x5b6572ff}, true
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return pair{0x0f767cff, 0x43bdbcff}, true
	case theme.ColorNameForegroundOnPrimary:
		return pair{0xffffffff, 0x06292bff}, true
	case theme.ColorNameFocus:
		return pair{0x0f767c40, 0x43bdbc55}, true
	case theme.ColorNameSelection:
		return pair{0x0f767c22, 0x43bdbc33}, true
	case Tint:
		return pair{0xe0f1f1ff, 0x16393bff}, true
	case theme.ColorNameButton, Faint:
		return pair{0xe9edf1ff, 0x2a313aff}, true
	case theme.ColorNameDisabledButton:
		return pair{0xeef1f4ff, 0x22282fff}, true
	case theme.ColorNameInputBackground:
		return pair{0xffffffff, 0x171b21ff}, true
	case theme.ColorNameInputBorder:
		return pair{0xb0bac5ff, 0x4a5461ff}, true
	case theme.ColorNameHover:
		return pair{0x18202b0d, 0xffffff0f}, true
	case theme.ColorNamePressed:
		return pair{0x18202b1f, 0xffffff22}, true
	case theme.ColorNameScrollBar:
		return pair{0x18202b40, 0xffffff40}, true
	case theme.ColorNameScrollBarBackground:
		return pair{0x00000000, 0x00000000}, true
	case theme.ColorNameShadow:
		return pair{0x18202b26, 0x00000066}, true
	case theme.ColorNameError:
		return pair{0xc5373bff, 0xf0716fff}, true
	case theme.ColorNameForegroundOnError:
		return pair{0xffffffff, 0x330a0aff}, true
	case theme.ColorNameSuccess:
		return pair{0x1d8a4fff, 0x4cc38aff}, true
	case theme.ColorNameWarning:
		return pair{0xa86a00ff, 0xe6b450ff}, true
	case BadTint:
		return pair{0xfbe9e9ff, 0x3a2124ff}, true
	case WarnTint:
		return pair{0xfbf1dcff, 0x38301cff}, true
	case GoodTint:
		return pair{0xe2f3e9ff, 0x19352aff}, true
	case Idle:
		return pair{0x9aa5b1ff, 0x66717eff}, true
	case Second:
		return pair{0xd1871aff, 0xe6b450ff}, true
	case Term:
		return pair{0x10151aff, 0x0b0e12ff}, true
	case TermText:
		return pair{0xd9e0e6ff, 0xd9e0e6ff}, true
	}
	return pair{}, false
}

// Theme is the app's theme.
type Theme struct{ mode Mode }

var _ fyne.Theme = Theme{}

// New makes the theme in a mode.
func New(m Mode) Theme { return Theme{m} }

// Color gives a colour of the app or, for what the app does not decide, of the toolkit.
func (t Theme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch t.mode {
	case Light:
		v = theme.VariantLight
	case Dark:
		v = theme.VariantDark
	}
	p, ok := palette(name)
	if !ok {
		return theme.DefaultTheme().Color(name, v)
	}
	n := p.light
	if v == theme.VariantDark {
		n = p.dark
	}
	return color.NRGBA{uint8(n >> 24), uint8(n >> 16), uint8(n >> 8), uint8(n)}
}

// Font is the toolkit's.
func (t Theme) Font(s fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(s) }

// Icon replaces those of the toolkit's icons that have a counterpart here.
func (t Theme) Icon(name fyne.ThemeIconName) fyne.Resource {
	switch name {
	case theme.IconNameCancel, theme.IconNameWindowClose:
		return Icon("close")
	case theme.IconNameSearch:
		return Icon("search")
	case theme.IconNameArrowDropDown:
		return Icon("down")
	}
	return theme.DefaultTheme().Icon(name)
}

// Size of what the toolkit draws.
func (t Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return TextBody
	case theme.SizeNameCaptionText:
		return TextSmall
	case theme.SizeNameHeadingText:
		return TextTitle
	case theme.SizeNameSubHeadingText:
		return TextHead
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 8
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 6
	case theme.SizeNameInlineIcon:
		return 18
	case theme.SizeNameScrollBar:
		return 8
	case theme.SizeNameScrollBarSmall:
		return 4
	case theme.SizeNameScrollBarRadius:
		return 4
	}
	return theme.DefaultTheme().Size(name)
}

// ToneColor is the strong colour of a meaning.
func ToneColor(t model.Tone) fyne.ThemeColorName {
	switch t {
	case model.Accent:
		return theme.ColorNamePrimary
	case model.Good:
		return theme.ColorNameSuccess
	case model.Warn:
		return theme.ColorNameWarning
	case model.Bad:
		return theme.ColorNameError
	}
	return Idle
}

// ToneTint is the ground of a meaning.
func ToneTint(t model.Tone) fyne.ThemeColorName {
	switch t {
	case model.Accent:
		return Tint
	case model.Good:
		return GoodTint
	case model.Warn:
		return WarnTint
	case model.Bad:
		return BadTint
	}
	return Faint
}

// Slider is the theme for sliders: their track and handle in colours that stand out from a card.
type Slider struct{}

var _ fyne.Theme = Slider{}

// Color is the app's theme's, but for what a slider draws.
func (Slider) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch name {
	case theme.ColorNameInputBackground:
		name = theme.ColorNameInputBorder
	case theme.ColorNameForeground:
		name = theme.ColorNamePrimary
	}
	return fyne.CurrentApp().Settings().Theme().Color(name, v)
}

// Font is the app's theme's.
func (Slider) Font(s fyne.TextStyle) fyne.Resource {
	return fyne.CurrentApp().Settings().Theme().Font(s)
}

// Icon is the app's theme's.
func (Slider) Icon(n fyne.ThemeIconName) fyne.Resource {
	return fyne.CurrentApp().Settings().Theme().Icon(n)
}

// Size is the app's theme's.
func (Slider) Size(n fyne.ThemeSizeName) float32 {
	return fyne.CurrentApp().Settings().Theme().Size(n)
}
