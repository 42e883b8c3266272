package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/wherry-app/wherry/app"
)

// pathTrace takes container, port and proto in its query.
const pathTrace = "/v1/ports/trace"

// TracePort implements app.PortTracer.
func (c *Client) TracePort(ctx context.Context, container string, port uint16, proto string) (t app.Trace, err error) {
	q := url.Values{"container": {container}, "port": {strconv.Itoa(int(port))}, "proto": {proto}}
	err = c.call(ctx, http.MethodGet, pathTrace+"?"+q.Encode(), nil, &t)
	return t, err
}

func (s *Server) trace(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	port, err := strconv.ParseUint(q.Get("port"), 10, 16)
	if err != nil || port == 0 {
		fail(w, http.StatusBadRequest, app.Errorf("name a port from 1 to 65535", "%q is no port", q.Get("port")))
		return
	}
	respond(w)(s.cfg.Service.TracePort(r.Context(), q.Get("container"), uint16(port), q.Get("proto")))
}
