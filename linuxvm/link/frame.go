package link

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// A frame is one message of the handshake, of fixed size: magic, kind, nonce, checksum. None of its bytes is zero, so
// that a yamux session that still reads the stream takes none of it for a header, wherever it begins to read.
const (
	frameMagic = "\xf7WHRY\xf7L1"
	nonceLen   = 16
	sumLen     = 8
	frameLen   = len(frameMagic) + 1 + nonceLen + sumLen
	// filler is what a frame is preceded by to flush out a peer that waits for the rest of an old message.
	filler = 0xff
)

// kind tells the messages of the handshake apart.
type kind byte

const (
	kindWant  kind = 'w' // guest: no session here, say hello
	kindHello kind = 'h' // host: a new session, with a new nonce
	kindAck   kind = 'a' // guest: heard that; nothing follows before ready
	kindStart kind = 's' // host: nothing of the handshake follows, yamux does
	kindReady kind = 'r' // guest: likewise
)

// nonce names one session; it consists of hexadecimal digits.
type nonce [nonceLen]byte

// noNonce is the nonce of a message that belongs to no session.
var noNonce = nonce([]byte("0000000000000000"))

// frame is a message of the handshake.
type frame struct {
	kind  kind
	nonce nonce
}

// append adds the encoded frame to b.
func (f frame) append(b []byte) []byte {
	start := len(b)
	b = append(b, frameMagic...)
	b = append(b, byte(f.kind))
	b = append(b, f.nonce[:]...)
	return fmt.Appendf(b, "%08x", crc32.ChecksumIEEE(b[start:]))
}

// parseFrame decodes a frame from exactly frameLen bytes.
func parseFrame(b []byte) (frame, bool) {
	if len(b) != frameLen || string(b[:len(frameMagic)]) != frameMagic {
		return frame{}, false
	}
	body, sum := b[:frameLen-sumLen], b[frameLen-sumLen:]
	if string(fmt.Appendf(nil, "%08x", crc32.ChecksumIEEE(body))) != string(sum) {
		return frame{}, false
	}
	f := frame{kind: kind(b[len(frameMagic)]), nonce: nonce(body[len(frameMagic)+1:])}
	if _, err := hex.DecodeString(string(f.nonce[:])); err != nil {
		return frame{}, false
	}
	return f, true
}

// readFrame returns the next whole frame in r and consumes all up to its end, whatever precedes it.
func readFrame(r *bufio.Reader) (frame, error) {
	for {
		b, err := r.Peek(frameLen)
		if err != nil {
			return frame{}, err
		}
		skip := frameLen
		f, ok := parseFrame(b)
		if !ok {
			if i := bytes.IndexByte(b[1:], frameMagic[0]); i >= 0 {
				skip = 1 + i
			}
		}
		if _, err := r.Discard(skip); err != nil {
			return frame{}, err
		}
		if ok {
			return f, nil
		}
	}
}
