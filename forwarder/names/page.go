package names

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// pageData is what a page of our own says.
type pageData struct {
	Title, Text string
	List        []Name
}

// page is self-contained: it loads nothing from anywhere.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}} · Wherry</title>
<meta name="viewport" content="width=device-width"><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:10vh auto;padding:0 1rem;color:#1d2b36;background:#f6f8f9}
h1{font-size:1.4rem}table{border-collapse:collapse;width:100%}td{padding:.3rem .6rem .3rem 0;border-top:1px solid #d7dfe4}
a{color:#0b6bcb}small{color:#5b6b76}@media(prefers-color-scheme:dark){body{color:#dbe4ea;background:#10181d}a{color:#6cb6ff}td{border-color:#2a3840}}
</style></head><body><h1>{{.Title}}</h1><p>{{.Text}}</p>
{{if .List}}<table>{{range .List}}<tr><td><a href="{{.URL}}">{{.Host}}</a></td><td><small>{{.Container}}{{if .Port}}, port {{.Port}}{{else}}, no port known{{end}}</small></td></tr>{{end}}</table>
{{else}}<p>No container has a name now. Run one, for example <code>docker run -d --name web -p 80 nginx</code>, and open http://web.localhost</p>{{end}}
</body></html>
`))

// say answers with a page of our own: HTML for browsers, plain text for all others.
func say(w http.ResponseWriter, r *http.Request, code int, d pageData) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.WriteHeader(code)
		_ = page.Execute(w, d)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	fmt.Fprintf(w, "%s\n%s\n", d.Title, d.Text)
	for _, n := range d.List {
		fmt.Fprintf(w, "  %s  %s\n", n.URL, n.Container)
	}
}
