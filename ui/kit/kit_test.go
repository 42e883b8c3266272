package kit_test

import (
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/model"
)

func TestElide(t *testing.T) {
	measure := func(s string) float32 { return float32(utf8.RuneCountInString(s)) }
	for _, c := range []struct {
		in     string
		width  float32
		middle bool
		want   string
	}{
		{"short", 10, false, "short"},
		{"exactly ten", 11, false, "exactly ten"},
		{"a long name", 6, false, "a lon…"},
		{"a long name", 6, true, "a l…me"},
		{"容器网页服务器", 4, false, "容器网…"},
		{"anything", 1, false, "…"},
		{"", 5, false, ""},
		{"x", 0, false, "x"},
	} {
		if got := kit.Elide(c.in, c.width, c.middle, measure); got != c.want {
			t.Errorf("%q in %v: %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	test.NewTempApp(t)
	cols := kit.Columns{Cols: []kit.Column{{Width: 20}, {Share: 3}, {Share: 1, Hide: 300}, {Width: 30}}, Gap: 10}
	var objs []fyne.CanvasObject
	for range cols.Cols {
		objs = append(objs, kit.NewBox("", "", 0).Sized(5, 5))
	}
	cols.Layout(objs, fyne.NewSize(400, 40))
	if w := objs[1].Size().Width; w != 240 {
		t.Errorf("the large column is %v wide, want 240", w)
	}
	if x := objs[3].Position().X; x != 370 {
		t.Errorf("the last column is at %v, want 370", x)
	}
	cols.Layout(objs, fyne.NewSize(200, 40))
	if objs[2].Size().Width != 0 || objs[1].Size().Width != 130 || objs[3].Position().X != 170 {
		t.Errorf("narrow: %v %v %v", objs[1].Size(), objs[2].Size(), objs[3].Position())
	}
}

func TestRelayoutAfterTwoChanges(t *testing.T) {
	test.NewTempApp(t)
	a, b := kit.NewText("a", kit.Style{Whole: true}), kit.NewText("b", kit.Style{Whole: true})
	box := kit.HBox(1, container.NewStack(a), container.NewStack(b))
	box.Resize(fyne.NewSize(500, 30))
	a.SetText("much longer")
	b.SetText("and this too")
	kit.Relayout(box)
	if a.Size().Width < a.MinSize().Width || b.Size().Width < b.MinSize().Width || box.Objects[1].Position().X < a.MinSize().Width {
		t.Errorf("a %v of %v, b %v of %v", a.Size(), a.MinSize(), b.Size(), b.MinSize())
	}
}

func TestNotice(t *testing.T) {
	test.NewTempApp(t)
	copied := ""
	n := kit.NewNotice(func(s string) { copied = s })
	if n.Box.Visible() {
		t.Error("a new notice is visible")
	}
	n.Fail(&app.ErrorInfo{Message: "no luck", Hint: "Try again."})
	if !n.Box.Visible() {
		t.Error("a failure is not shown")
	}
	n.Tell(model.Good, "done", "")
	n.Fail(nil)
	if n.Box.Visible() || copied != "" {
		t.Error("no failure is shown as one")
	}
}

func TestField(t *testing.T) {
	test.NewTempApp(t)
	f := kit.NewField("Name", "optional", kit.NewEntry(""))
	f.SetError("bad name")
	if f.Error() != "Bad name" {
		t.Errorf("error %q", f.Error())
	}
	f.SetError("")
	if f.Error() != "" {
		t.Errorf("error %q after it was taken away", f.Error())
	}
}
