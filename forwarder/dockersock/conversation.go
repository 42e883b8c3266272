package dockersock

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/wherry-app/wherry/forwarder/pipe"
)

// converse lets a client and dockerd talk. Both directions are copied as they are; what a conversation reads on the way is
// where messages begin and end, so that it can look at those that matter. Behind an upgrade, and in what it does not
// understand, there are no messages any more and the bytes just pass. r reads from the client; heard, which may be nil, is
// told of each request after the first.
func (p *Proxy) converse(ctx context.Context, client net.Conn, r *bufio.Reader, dockerd net.Conn, heard func(*http.Request)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &conversation{ctx: ctx, edits: p.edits, started: p.started, refused: p.refused, heard: heard, record: p.record, ended: make(chan struct{}), asked: make(chan *exchange, 1)}
	up := &requests{Conn: client, conversation: c, r: r}
	down := &responses{Conn: dockerd, conversation: c, r: bufio.NewReaderSize(dockerd, headMax)}
	_, err := pipe.Join(ctx, up, down)
	return err
}

// conversation is what the two directions of a connection share.
type conversation struct {
	ctx     context.Context //nolint:containedctx // the connection is the owner of this lifetime
	edits   edits
	started func(context.Context, string) error
	refused func(ctx context.Context, container, message string) string
	heard   func(*http.Request)
	record  func(Call)
	asked   chan *exchange // of the request that was not answered yet
	ended   chan struct{}  // closed when nothing more comes from dockerd
	once    sync.Once
}

// exchange is a request and its response.
type exchange struct {
	request   *http.Request // nil: what follows are no messages
	container string        // that it starts, if it does
	answered  chan struct{} // closed when the response's head was read
	raw       bool          // what follows are no messages; valid when answered
	done      chan struct{} // closed when the client has got all of the response
}

func (c *conversation) end() { c.once.Do(func() { close(c.ended) }) }

// codeOf is the status with which an error is answered.
func codeOf(err error) int {
	var coded interface{ StatusCode() int }
	if errors.As(err, &coded) {
		return coded.StatusCode()
	}
	return http.StatusInternalServerError
}

// refusalText is an error as dockerd says it.
func refusalText(err error) []byte {
	text, merr := json.Marshal(map[string]string{"message": err.Error()})
	if merr != nil {
		return []byte("{}")
	}
	return text
}

// refusal is the response that says err as dockerd says errors.
func refusal(err error) []byte {
	code, text := codeOf(err), refusalText(err)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		code, http.StatusText(code), len(text), text)
}

// edit is what looks at a request's body; nil if nothing does.
func (e edits) edit(r *http.Request) Edit {
	if r.Method != http.MethodPost {
		return nil
	}
	switch p := unversioned(r.URL.Path); p {
	case "/containers/create":
		return e.container
	case "/volumes/create":
		return e.volume
	case "/services/create":
		return e.service
	default:
		if strings.HasPrefix(p, "/services/") && strings.HasSuffix(p, "/update") {
			return e.service
		}
	}
	return nil
}

// starts is the container that a request starts, by the name or ID in it.
func starts(r *http.Request) string {
	rest, ok := strings.CutPrefix(unversioned(r.URL.Path), "/containers/")
	name, verb, _ := strings.Cut(rest, "/")
	if r.Method != http.MethodPost || !ok || (verb != "start" && verb != "restart") {
		return ""
	}
	return name
}

// unversioned is a path of docker's API without the version that may precede it.
func unversioned(path string) string {
	if version, _, ok := strings.Cut(strings.TrimPrefix(path, "/v"), "/"); ok && strings.HasPrefix(path, "/v") && strings.Trim(version, "0123456789.") == "" {
		return path[len("/v")+len(version):]
	}
	return path
}
