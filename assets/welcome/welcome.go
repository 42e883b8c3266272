package welcome

import (
	_ "embed"
	"html/template"
)

// The welcome container.
const (
	// Image is its image's name, Container its own.
	Image     = "wherry/welcome"
	Container = "welcome"
	// Program is the one file in the image, Port what it listens on.
	Program = "/welcome"
	Port    = 80
	// Archive is the file beside the guest image that docker imports.
	Archive = "welcome.tar"
)

//go:embed page.html
var page string

// Page is what the template shows.
type Page struct {
	// Host is the container's name for itself, System the kernel and architecture it runs on.
	Host, System string
	// Uptime of the container, in words.
	Uptime string
	// Visits counts how often the page was asked for.
	Visits int64
}

// Template renders a Page.
func Template() (*template.Template, error) { return template.New("page").Parse(page) }
