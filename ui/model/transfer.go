package model

import "slices"

// Transfer follows a pull, push or load that reports per layer.
type Transfer struct {
	layers []Layer
	status string
}

// Layer is one part of an image on its way.
type Layer struct {
	ID, Status string
	// Current and Total are bytes of the present step; Total is 0 if it is not known.
	Current, Total int64
	Done           bool
}

// Progress is one report of docker.
type Progress struct {
	ID, Status     string
	Current, Total int64
}

// Apply takes a report in.
func (t *Transfer) Apply(p Progress) {
	if p.ID == "" || p.Status == "" || isHeading(p.Status) {
		if p.Status != "" {
			t.status = p.Status
		}
		return
	}
	i := slices.IndexFunc(t.layers, func(l Layer) bool { return l.ID == p.ID })
	if i < 0 {
		t.layers = append(t.layers, Layer{ID: p.ID})
		i = len(t.layers) - 1
	}
	l := &t.layers[i]
	l.Status = p.Status
	if p.Total > 0 {
		l.Current, l.Total = p.Current, p.Total
	}
	switch p.Status {
	case "Pull complete", "Already exists", "Pushed", "Layer already exists", "Mounted from":
		l.Done = true
	}
}

func isHeading(status string) bool {
	return len(status) > 12 && status[:12] == "Pulling from"
}

// Layers are the layers so far. The caller may keep them.
func (t *Transfer) Layers() []Layer { return slices.Clone(t.layers) }

// Status is the last sentence that was not about a layer.
func (t *Transfer) Status() string { return t.status }

// Fraction is how much is done, 0 to 1: downloading counts for three quarters of a layer, unpacking for the rest.
func (t *Transfer) Fraction() float64 {
	if len(t.layers) == 0 {
		return 0
	}
	var done, all float64
	for _, l := range t.layers {
		weight := float64(max(l.Total, 1<<20))
		all += weight
		done += weight * l.Fraction()
	}
	return done / all
}

// Fraction is how much of the layer is done, 0 to 1.
func (l Layer) Fraction() float64 {
	part := 0.0
	if l.Total > 0 {
		part = min(float64(l.Current)/float64(l.Total), 1)
	}
	switch {
	case l.Done:
		return 1
	case l.Status == "Downloading", l.Status == "Pushing":
		return part * 0.75
	case l.Status == "Extracting":
		return 0.75 + part*0.25
	case l.Status == "Download complete", l.Status == "Verifying Checksum":
		return 0.75
	}
	return 0
}

// Line is the layer's state in words.
func (l Layer) Line() string {
	if l.Total > 0 && !l.Done && (l.Status == "Downloading" || l.Status == "Extracting" || l.Status == "Pushing") {
		return l.Status + "  " + Size(l.Current) + " of " + Size(l.Total)
	}
	return l.Status
}
