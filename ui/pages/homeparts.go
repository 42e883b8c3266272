package pages

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// stepsView shows what a start is doing.
type stepsView struct {
	card  *fyne.Container
	list  *fyne.Container
	rows  []*stepRow
	title *kit.Text
	clock *kit.Text
	began time.Time
}

func newStepsView() *stepsView {
	v := &stepsView{list: kit.VBox(0.75), title: kit.Title(""), clock: kit.NewText("", kit.Style{Color: look.Muted, Whole: true})}
	v.card = kit.Card(kit.VBox(1.5, container.NewBorder(nil, nil, nil, v.clock, v.title), v.list))
	return v
}

func (v *stepsView) show(s model.State, e model.Engine) {
	steps := model.Steps(s)
	failed := s.Engine.State == app.StateFailed
	starting := e.Busy && e.Label == "Starting"
	kit.Visible(v.card, (starting || failed) && len(steps) > 0)
	if !starting {
		v.began = time.Time{}
	}
	if v.card.Hidden {
		return
	}
	v.title.SetText("Starting the engine")
	v.clock.SetText("")
	if failed {
		v.title.SetText("What the last start did")
	} else {
		if v.began.IsZero() {
			v.began = s.Now.Add(-s.Engine.Stages[len(s.Engine.Stages)-1].Start)
		}
		v.clock.SetText(model.Clock(s.Now.Sub(v.began)))
	}
	for len(v.rows) < len(steps) {
		v.rows = append(v.rows, newStepRow())
	}
	n := len(v.list.Objects)
	v.list.Objects = v.list.Objects[:0]
	for i, st := range steps {
		v.rows[i].set(st)
		v.list.Objects = append(v.list.Objects, v.rows[i].box)
	}
	if n != len(steps) {
		v.card.Refresh()
	}
}

type stepRow struct {
	box         *fyne.Container
	icon        *widget.Icon
	label, took *kit.Text
	state       string
}

func newStepRow() *stepRow {
	r := &stepRow{icon: widget.NewIcon(nil), label: kit.NewText("", kit.Style{}), took: kit.NewText("", kit.Style{Color: look.Muted, Whole: true, Size: look.TextSmall})}
	r.box = container.NewBorder(nil, nil, kit.HBox(0, container.NewGridWrap(fyne.NewSize(18, 18), r.icon), kit.Gap(8)), r.took, r.label)
	return r
}

func (r *stepRow) set(s model.Step) {
	r.label.SetText(s.Label)
	r.took.SetText(s.Took)
	if s.State == r.state {
		return
	}
	r.state = s.State
	switch s.State {
	case "done":
		r.icon.SetResource(look.IconIn("check", look.ToneColor(model.Good)))
		r.label.SetColor(look.Muted)
	case "failed":
		r.icon.SetResource(look.IconIn("error", look.ToneColor(model.Bad)))
		r.label.SetColor(look.ToneColor(model.Bad))
	default:
		r.icon.SetResource(look.IconIn("clock", look.ToneColor(model.Accent)))
		r.label.SetColor("foreground")
	}
}

// chartCard is a figure with its course.
type chartCard struct {
	card        *fyne.Container
	value, note *kit.Text
	chart       *kit.Chart
}

func newChartCard(name, icon string, slots int) *chartCard {
	c := &chartCard{value: kit.NewText("–", kit.Style{Size: look.TextTitle, Bold: true, Whole: true}), note: kit.Hint(""), chart: kit.NewChart(slots, 72)}
	head := kit.HBox(1, container.NewGridWrap(fyne.NewSize(18, 18), widget.NewIcon(look.IconIn(icon, look.Muted))), kit.NewText(name, kit.Style{Color: look.Muted, Bold: true, Whole: true}))
	c.card = kit.Card(kit.VBox(0.75, head, c.value, c.note, c.chart))
	return c
}

func (c *chartCard) set(value, note string, top float64, lines ...kit.Series) {
	c.value.SetText(value)
	c.note.SetText(note)
	c.chart.Set(top, lines...)
}

// runningView lists what runs, with links to what it publishes.
type runningView struct {
	env  Env
	card *fyne.Container
	list *fyne.Container
	more *kit.Link
	rows []*runRow
}

// atHome is how many containers the home page lists.
const atHome = 8

func newRunningView(env Env) *runningView {
	v := &runningView{env: env, list: kit.VBox(0.5)}
	v.more = kit.NewLink("All containers", func() { env.Navigate(model.PageContainers, "") })
	v.card = kit.Card(kit.VBox(1.5, container.NewBorder(nil, nil, nil, v.more, kit.Title("Running now")), v.list))
	return v
}

func (v *runningView) show(s model.State, e model.Engine) {
	var run []model.Container
	for _, r := range model.Rows(s.Docker, model.Query{Filter: model.FilterRunning}, s.Now) {
		for _, c := range s.Docker.Containers {
			if !r.Head && c.ID == r.ID && len(run) < atHome {
				run = append(run, c)
			}
		}
		if len(run) == atHome {
			break
		}
	}
	kit.Visible(v.card, e.Running && len(run) > 0)
	for len(v.rows) < len(run) {
		v.rows = append(v.rows, newRunRow(v.env))
	}
	n := len(v.list.Objects)
	v.list.Objects = v.list.Objects[:0]
	for i, c := range run {
		v.rows[i].set(c, s.Docker.Stats[c.ID], model.NamesOf(s, c))
		v.list.Objects = append(v.list.Objects, v.rows[i].box)
	}
	if n != len(run) {
		v.list.Refresh()
	}
}

type runRow struct {
	env   Env
	box   *fyne.Container
	dot   *kit.Box
	name  *kit.Link
	image *kit.Text
	ports *portLinks
	use   *kit.Text
}

func newRunRow(env Env) *runRow {
	r := &runRow{env: env, dot: kit.Dot(), name: kit.NewLink("", nil), image: kit.Hint(""), ports: newPortLinks(env, 3), use: kit.NewText("", kit.Style{Color: look.Muted, Size: look.TextSmall, Align: fyne.TextAlignTrailing})}
	r.box = container.New(kit.Columns{Cols: []kit.Column{{Width: 8}, {Share: 2}, {Share: 2, Hide: 620}, {Share: 2}, {Width: 130, Hide: 520}}, Gap: 12}, r.dot, r.name, r.image, r.ports.box, r.use)
	return r
}

func (r *runRow) set(c model.Container, st model.Stats, names []app.HostName) {
	r.dot.SetFill(look.ToneColor(model.ToneOf(c)))
	r.name.Set(c.Name, func() { r.env.Navigate(model.PageContainers, c.ID) })
	r.image.SetText(c.Image)
	r.ports.set(model.Published(c.Ports), names...)
	use := ""
	if !st.At.IsZero() {
		use = model.Percent(st.CPU) + "  ·  " + model.Size(st.Memory)
	}
	r.use.SetText(use)
}

// helloView is what a newcomer sees: what this is, and one button to try it.
type helloView struct {
	card   *fyne.Container
	button *widget.Button
	text   *widget.Label
	env    Env
	up     bool
}

func newHelloView(env Env, run func(done func())) *helloView {
	v := &helloView{env: env, text: kit.NewPara("")}
	v.button = kit.Primary("", "play", nil)
	v.button.OnTapped = func() {
		v.button.Disable()
		v.button.SetText("Starting it…")
		run(func() {
			v.button.Enable()
			v.button.SetText("Run the welcome container")
		})
	}
	pic := container.NewGridWrap(fyne.NewSize(56, 56), widget.NewIcon(look.AppIcon()))
	v.card = kit.Card(container.NewBorder(nil, nil, kit.HBox(0, container.NewCenter(pic), kit.Gap(16)), container.NewCenter(v.button),
		kit.VBox(0.5, kit.Title("Welcome to Wherry"), kit.Flush(v.text))))
	return v
}

func (v *helloView) show(s model.State, e model.Engine) {
	was := v.up
	v.up = e.Running
	kit.Visible(v.card, !e.Busy && e.Failure == nil && s.Engine.State != app.StateSuspended && len(s.Docker.Containers) == 0 && (!e.Running || s.Docker.Ready))
	switch {
	case v.card.Hidden:
	case e.Running:
		v.text.SetText("The engine runs. Try it with a small web page that is served from a container and comes with Wherry.")
		if !was || v.button.Text == "" {
			v.button.SetText("Run the welcome container")
		}
	default:
		v.text.SetText("Containers run in a small Linux machine. Start the engine, then the docker command and this window work with it.")
	}
	kit.Visible(v.button, e.Running)
}
