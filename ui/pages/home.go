package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// A Welcomer runs the welcome container and returns its address.
type Welcomer interface {
	Welcome(ctx context.Context) (url string, err error)
}

// Home shows how the engine is.
type Home struct {
	env     Env
	welcome Welcomer
	content fyne.CanvasObject

	dot            *kit.Box
	state          *kit.Text
	detail         *kit.Text
	button         *widget.Button
	buttonBox      *fyne.Container
	restart, force *widget.Button
	sleep          *widget.Button
	failure        *kit.Notice
	warnings       *kit.Notice
	action         string

	steps   *stepsView
	charts  *fyne.Container
	cpu     *chartCard
	memory  *chartCard
	disk    *chartCard
	running *runningView
	hello   *helloView
	history *model.History
}

// NewHome makes the page. It shows the points of history, which somebody else adds.
func NewHome(env Env, w Welcomer, history *model.History) *Home {
	h := &Home{env: env, welcome: w, history: history}
	h.dot = kit.NewBox(look.Idle, "", 6).Sized(12, 12)
	h.state = kit.NewText("", kit.Style{Size: look.TextDisplay, Bold: true, Whole: true})
	h.detail = kit.NewText("", kit.Style{Color: look.Muted})
	h.button = kit.Primary("Start", "play", func() { env.Engine(h.action) })
	h.restart = kit.Quiet("Restart", "restart", func() { env.Engine(model.ActRestart) })
	h.sleep = kit.Quiet("Sleep", "moon", func() { env.Engine(model.ActSleep) })
	h.force = kit.Quiet("Force stop", "kill", func() {
		env.ask("Force the engine to stop?", "Containers are cut off at once, as in a power cut. Data they have not written yet is lost.", "Force stop", func() { env.Engine("force") })
	})
	h.failure, h.warnings = kit.NewNotice(env.Copy), kit.NewNotice(env.Copy)
	h.steps = newStepsView()
	h.cpu = newChartCard("Processor", "cpu", history.Cap())
	h.memory = newChartCard("Memory", "memory", history.Cap())
	h.disk = newChartCard("Disk", "disk", history.Cap())
	h.charts = kit.Tiles(205, h.cpu.card, h.memory.card, h.disk.card)
	h.running = newRunningView(env)
	h.hello = newHelloView(env, h.sayHello)

	h.buttonBox = kit.MinWidth(150, h.button)
	words := kit.VBox(0.25, kit.HBox(1.5, h.dot, h.state), h.detail)
	hero := kit.Card(container.NewBorder(nil, nil, nil, container.NewCenter(kit.HBox(1, h.force, h.sleep, h.restart, h.buttonBox)), words))
	body := kit.VBox(2, hero, h.failure.Box, h.warnings.Box, h.steps.card, h.hello.card, h.charts, h.running.card)
	h.content = container.NewVScroll(kit.Pad(3, body))
	return h
}

// Content is the page.
func (h *Home) Content() fyne.CanvasObject { return h.content }

// Open does nothing: home has no parts.
func (h *Home) Open(string) {}

// Show takes a state in.
func (h *Home) Show(s model.State) {
	e := model.EngineOf(s)
	h.dot.SetFill(look.ToneColor(e.Tone))
	h.state.SetText(e.Label)
	h.detail.SetText(e.Detail)
	h.action = e.Action
	kit.EngineButton(h.button, e)
	kit.Visible(h.buttonBox, !e.Running) // the header has it too
	kit.Visible(h.restart, e.CanRestart)
	kit.Visible(h.sleep, e.CanSleep)
	kit.Visible(h.force, e.CanForce && !e.Running)
	h.failure.Fail(e.Failure)
	if len(s.Engine.Warnings) > 0 {
		h.warnings.Tell(model.Warn, s.Engine.Warnings[0].Message, s.Engine.Warnings[0].Hint)
	} else {
		h.warnings.Box.Hide()
	}
	h.steps.show(s, e)
	kit.Visible(h.charts, e.Running)
	if e.Running {
		h.showCharts(s)
	}
	h.running.show(s, e)
	h.hello.show(s, e)
}

func (h *Home) showCharts(s model.State) {
	vm := s.Engine.VM
	cpus := max(vm.CPUs, 1)
	h.cpu.set(model.Percent(model.ContainersCPU(s.Docker)), "containers, of "+model.Plural(cpus, "processor"), float64(cpus)*100,
		kit.Series{Values: h.history.Series(func(p model.Point) float64 { return p.CPU }), Color: theme.ColorNamePrimary})
	h.memory.set(model.Size(vm.MemoryUsedBytes), "of "+model.Size(vm.MemoryBytes)+" · containers "+model.Size(vm.MemoryContainersBytes), float64(vm.MemoryBytes),
		kit.Series{Values: h.history.Series(func(p model.Point) float64 { return p.Memory }), Color: theme.ColorNamePrimary},
		kit.Series{Values: h.history.Series(func(p model.Point) float64 { return p.ContainersMemory }), Color: look.Second})
	h.disk.set(model.Size(vm.DiskUsedBytes), "of "+model.Size(vm.DiskBytes), float64(vm.DiskBytes),
		kit.Series{Values: h.history.Series(func(p model.Point) float64 { return p.Disk }), Color: theme.ColorNamePrimary})
}

func (h *Home) sayHello(done func()) {
	var url string
	h.env.Go(func(ctx context.Context) (err error) {
		url, err = h.welcome.Welcome(ctx)
		return err
	}, func(err error) {
		done()
		if err != nil {
			report(h.failure, err)
			return
		}
		h.env.OpenURL(url)
	})
}
