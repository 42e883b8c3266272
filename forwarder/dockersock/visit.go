package dockersock

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
)

// A Visit is what Config.Enter makes of a client.
type Visit struct {
	// Asked is called with each request after the first, before dockerd gets it. Nil does nothing.
	Asked func(*http.Request)
	// Leave is called once, when the client has gone. Nil does nothing.
	Leave func()
}

// errSilent says that a client left without a word.
var errSilent = errors.New("client said nothing")

// admit has a client that connects let in. r reads from it. A client that is not let in has got its answer.
func (p *Proxy) admit(ctx context.Context, client net.Conn, r *bufio.Reader) (*Visit, error) {
	if p.enter == nil {
		return &Visit{}, nil
	}
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	head, err := readHead(r)
	if err != nil && !errors.Is(err, errLongHead) {
		return nil, errors.Join(errSilent, err)
	}
	var first *http.Request
	if err == nil {
		if first, err = http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(head), len(head))); err != nil {
			first = nil
		}
	}
	visit, err := p.enter(ctx, first)
	if err != nil {
		_, _ = client.Write(refusal(err)) // it may have gone
		return nil, err
	}
	return visit, nil
}
