package pages

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/wherry-app/wherry/app"
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
	count int // of all there are
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

// set shows ports and, after them, names that lead to the container by the web.
func (p *portLinks) set(ports []model.Port, names ...app.HostName) {
	key := ""
	for _, n := range names {
		key += n.URL + " "
	}
	for _, q := range ports {
		key += q.Address() + q.Label() + " "
	}
	if key == p.last && p.count == len(ports)+len(names) {
		return
	}
	p.last, p.count = key, len(ports)+len(names)
	for i, l := range p.links {
		if i >= p.count {
			l.Set("", nil)
			continue
		}
		if i >= len(ports) {
			name := names[i-len(ports)]
			l.Set(name.Host, func() { p.env.OpenURL(name.URL) })
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
		if i < p.count-1 {
			room -= 26 // for the number of those that are left out
		}
		fits := i < p.count && i == shown && (m.Width <= room || i == 0)
		kit.Visible(link, fits)
		if fits {
			link.Move(fyne.NewPos(x, (s.Height-m.Height)/2))
			link.Resize(fyne.NewSize(min(m.Width, max(s.Width-x, 1)), m.Height))
			x += m.Width + portGap
			shown++
		}
	}
	left := p.count - shown
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
	if l.p.count > 0 {
		w = l.p.links[0].MinSize().Width
	}
	return fyne.NewSize(w, l.p.links[0].MinSize().Height)
}
