package dockersock

import (
	"net/http"
	"time"
)

// Call is one request of a client and what became of it.
type Call struct {
	// Time is when the answer began.
	Time time.Time
	// Method and Path are the request's, the path with its query; empty for a connection that speaks no HTTP/1, which is
	// passed on as it is.
	Method, Path string
	// Status is the answer's; 101 says that the connection was upgraded, and that what follows on it is not seen.
	Status int
}

// note records a call, where somebody wants to know.
func (c *conversation) note(r *http.Request, status int) {
	if c.record == nil {
		return
	}
	call := Call{Time: time.Now(), Status: status}
	if r != nil {
		call.Method, call.Path = r.Method, r.RequestURI
	}
	c.record(call)
}
