package pages

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// portLinks are a container's published ports: those of the web open the browser, the others copy their address. What
// does not fit becomes a number.
type portLinks struct {
	env   Env
	box   *fyne.Container
	links []*kit.Link
	rest  *kit.Text
	ports []model.Port
	last  string
}

func newPortLinks(env Env, most int) *portLinks {
	p := &portLinks{env: env, rest: kit.NewText("", kit.Style{Color: look.Muted, Size: look.TextSmall, Whole: true})}
	p.box = container.New(portLayout{p})
	for range most {
		l := kit.NewLink("", nil)
		p.links = append(p.links, l)
		p.box.Add(l)
	}
	p.box.Add(p.rest)
	return p
}

func (p *portLinks) set(ports []model.Port) {
	key := ""
	for _, q := range ports {
		key += q.Address() + q.Label() + " "
	}
	if key == p.last && len(p.ports) == len(ports) {
		return
	}
	p.last, p.ports = key, ports
	for i, l := range p.links {
		if i >= len(ports) {
			l.Set("", nil)
			continue
		}
		q := ports[i]
		if url := q.URL(); url != "" {
			l.Set(q.Label(), func() { p.env.OpenURL(url) })
		} else {
			l.Set(q.Label(), func() { p.env.Copy(q.Address()); p.env.Notify("Copied", q.Address()) })
		}
	}
	p.box.Refresh()
}

// portLayout shows as many links as there is room for.
type portLayout struct{ p *portLinks }

const portGap = 6

func (l portLayout) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	p := l.p
	x, shown := float32(0), 0
	for i, link := range p.links {
		m := link.MinSize()
		room := s.Width - x
		if i < len(p.ports)-1 {
			room -= 26 // for the number of those that are left out
		}
		fits := i < len(p.ports) && i == shown && (m.Width <= room || i == 0)
		kit.Visible(link, fits)
		if fits {
			link.Move(fyne.NewPos(x, (s.Height-m.Height)/2))
			link.Resize(fyne.NewSize(min(m.Width, max(s.Width-x, 1)), m.Height))
			x += m.Width + portGap
			shown++
		}
	}
	left := len(p.ports) - shown
	kit.Visible(p.rest, left > 0)
	if left > 0 {
		p.rest.SetText("+" + strconv.Itoa(left))
		m := p.rest.MinSize()
		p.rest.Move(fyne.NewPos(x, (s.Height-m.Height)/2))
		p.rest.Resize(m)
	}
}

func (l portLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	w := float32(0)
	if len(l.p.ports) > 0 {
		w = l.p.links[0].MinSize().Width
	}
	return fyne.NewSize(w, l.p.links[0].MinSize().Height)
}
