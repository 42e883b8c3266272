package model

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SortBy names a column of the containers list.
type SortBy string

// The columns that sort.
const (
	ByName    SortBy = "name"
	ByState   SortBy = "state"
	ByCPU     SortBy = "cpu"
	ByMemory  SortBy = "memory"
	ByCreated SortBy = "created"
)

// Filter narrows the containers list by state.
type Filter string

// The filters.
const (
	FilterAll     Filter = "All"
	FilterRunning Filter = "Running"
	FilterStopped Filter = "Stopped"
)

// Query is what the user asked a list for.
type Query struct {
	Text   string
	Filter Filter
	Sort   SortBy
	Desc   bool
	// Collapsed are the projects whose containers are hidden.
	Collapsed map[string]bool
	// Selected are the IDs of containers that are ticked.
	Selected map[string]bool
}

// Row is one line of the containers list: a project's head, or a container.
type Row struct {
	// Head says that the row is a project's; then only the next four fields are set, and Selected.
	Head      bool
	Project   string
	Summary   string
	Collapsed bool

	ID, Name, Image, State, Uptime string
	Tone                           Tone
	CPU, Memory                    string
	Ports                          []Port
	Selected, Indented             bool
	// Can are the actions that make sense now.
	Can Actions
}

// Actions are what can be done to a container.
type Actions struct {
	Start, Stop, Restart, Pause, Unpause, Kill, Remove, Exec bool
}

// ActionsOf tells what can be done to a container in its state.
func ActionsOf(c Container) Actions {
	switch c.State {
	case "running":
		return Actions{Stop: true, Restart: true, Pause: true, Kill: true, Remove: true, Exec: true}
	case "paused":
		return Actions{Stop: true, Unpause: true, Kill: true, Remove: true}
	case "restarting":
		return Actions{Stop: true, Kill: true, Remove: true}
	case "removing":
		return Actions{}
	}
	return Actions{Start: true, Remove: true}
}

// ToneOf is a container's colour.
func ToneOf(c Container) Tone {
	switch {
	case c.State == "running" && c.Health == "unhealthy", c.State == "dead":
		return Bad
	case c.State == "running" && c.Health == "starting", c.State == "paused", c.State == "restarting":
		return Warn
	case c.State == "running":
		return Good
	case c.State == "exited" && !strings.HasPrefix(c.Status, "Exited (0)") && !strings.HasPrefix(c.Status, "Exited (143)") && !strings.HasPrefix(c.Status, "Exited (137)"):
		return Bad
	}
	return Neutral
}

// Rows are the lines of the containers list: those that match the query, grouped by project, single ones last.
func Rows(l Lists, q Query, now time.Time) []Row {
	match := slices.Clone(l.Containers)
	match = slices.DeleteFunc(match, func(c Container) bool { return !q.matches(c) })
	slices.SortStableFunc(match, func(a, b Container) int {
		return cmp.Or(groupOrder(a.Project, b.Project), q.compare(a, b, l.Stats), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	rows := make([]Row, 0, len(match))
	for i := 0; i < len(match); {
		project := match[i].Project
		end := i
		for end < len(match) && match[end].Project == project {
			end++
		}
		group := match[i:end]
		i = end
		if project != "" {
			rows = append(rows, headRow(project, group, q))
			if q.Collapsed[project] {
				continue
			}
		}
		for _, c := range group {
			rows = append(rows, rowOf(c, l.Stats, q, now))
		}
	}
	return rows
}

func headRow(project string, group []Container, q Query) Row {
	running, selected := 0, 0
	for _, c := range group {
		if c.State == "running" {
			running++
		}
		if q.Selected[c.ID] {
			selected++
		}
	}
	r := Row{Head: true, Project: project, Collapsed: q.Collapsed[project], Selected: selected == len(group), Tone: Neutral}
	r.Summary = Plural(len(group), "container") + ", none running"
	if running > 0 {
		r.Tone = Good
		r.Summary = Plural(len(group), "container") + ", " + strconv.Itoa(running) + " running"
	}
	r.Can = Actions{Start: running < len(group), Stop: running > 0, Restart: running > 0, Remove: true}
	return r
}

func rowOf(c Container, stats map[string]Stats, q Query, now time.Time) Row {
	r := Row{
		ID: c.ID, Name: c.Name, Image: c.Image, State: c.State, Uptime: Uptime(c, now), Tone: ToneOf(c), CPU: "–", Memory: "–",
		Ports: Published(c.Ports), Selected: q.Selected[c.ID], Indented: c.Project != "", Can: ActionsOf(c),
	}
	if c.Project != "" && c.Service != "" {
		r.Name = strings.TrimPrefix(strings.TrimPrefix(c.Name, c.Project+"-"), c.Project+"_")
	}
	if st, ok := stats[c.ID]; ok && c.Running() {
		r.CPU, r.Memory = Percent(st.CPU), Size(st.Memory)
	}
	return r
}

// groupOrder puts projects in alphabetical order before single containers.
func groupOrder(a, b string) int {
	if (a == "") != (b == "") {
		if a == "" {
			return 1
		}
		return -1
	}
	return strings.Compare(a, b)
}

func (q Query) matches(c Container) bool {
	switch q.Filter {
	case FilterRunning:
		if !c.Running() {
			return false
		}
	case FilterStopped:
		if c.Running() {
			return false
		}
	}
	return Contains(q.Text, c.Name, c.Image, c.Project, c.ID, c.State, portsText(c.Ports))
}

func portsText(ports []Port) string {
	var b strings.Builder
	for _, p := range ports {
		b.WriteString(p.Label())
		b.WriteByte(' ')
	}
	return b.String()
}

// Contains says whether each word of text occurs in one of the fields, in any case.
func Contains(text string, fields ...string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if !slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(strings.ToLower(f), word) }) {
			return false
		}
	}
	return true
}

func (q Query) compare(a, b Container, stats map[string]Stats) int {
	var n int
	switch q.Sort {
	case ByState:
		n = cmp.Compare(stateOrder(a), stateOrder(b))
	case ByCPU:
		n = cmp.Compare(statOf(b, stats).CPU, statOf(a, stats).CPU)
	case ByMemory:
		n = cmp.Compare(statOf(b, stats).Memory, statOf(a, stats).Memory)
	case ByCreated:
		n = b.Created.Compare(a.Created)
	default:
		n = strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	}
	if q.Desc {
		return -n
	}
	return n
}

func statOf(c Container, stats map[string]Stats) Stats {
	if st, ok := stats[c.ID]; ok && c.Running() {
		return st
	}
	return Stats{CPU: -1, Memory: -1}
}

func stateOrder(c Container) int {
	return slices.Index([]string{"running", "restarting", "paused", "created", "exited", "dead", "removing"}, c.State)
}

// Loss says in sentences what removing containers takes away, for the question before it.
func Loss(cs []Container) string {
	running, vols := 0, map[string]bool{}
	for _, c := range cs {
		if c.Running() {
			running++
		}
		for _, m := range c.Mounts {
			if m.Type == "volume" {
				vols[m.Name] = true
			}
		}
	}
	s := "Files written inside " + pick(len(cs), "the container", "the containers") + " are lost."
	if running > 0 {
		s = pick(running, "It is running and will be killed. ", "Running ones will be killed. ") + s
	}
	if len(vols) > 0 {
		s += " " + Plural(len(vols), "volume") + " " + pick(len(vols), "stays", "stay") + " and can be attached to a new container."
	}
	return s
}

func pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
