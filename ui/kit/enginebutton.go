package kit

import (
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// EngineButton gives the big control its word, look and ability.
func EngineButton(b *widget.Button, e model.Engine) {
	name, imp, col := "play", widget.HighImportance, theme.ColorNameForegroundOnPrimary
	if e.Action == model.ActStop || e.Action == model.ActCancel || e.Action == "" {
		name, imp, col = "stop", widget.MediumImportance, theme.ColorNameForeground
	}
	able := e.Enabled && e.Action != ""
	if !able {
		col = theme.ColorNameDisabled
	}
	icon := look.IconIn(name, col)
	if b.Text != e.Button || b.Importance != imp || b.Icon == nil || b.Icon.Name() != icon.Name() {
		b.Importance, b.Icon = imp, icon
		b.SetText(e.Button)
	}
	Able(b, able)
}
