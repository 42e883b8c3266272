package statefile

import (
	"encoding/binary"
	"hash/crc32"
)

// A file is magic and then chunks. Each has its length and a checksum before its bytes. The first one is the header, the
// last one is empty. The checksum of a chunk is that of all bytes up to its end, so chunks cannot be exchanged either.
const (
	magic     = "wherry state 1\n\x00"
	family    = "wherry state " // what all versions begin with
	headLen   = 8
	chunkSize = 1 << 20
)

var table = crc32.MakeTable(crc32.Castagnoli)

// chunkHead is what precedes a chunk: its length and the checksum up to its end.
type chunkHead [headLen]byte

func makeHead(n int, sum uint32) (h chunkHead) {
	binary.BigEndian.PutUint32(h[:4], uint32(n))
	binary.BigEndian.PutUint32(h[4:], sum)
	return h
}

func (h chunkHead) length() uint32 { return binary.BigEndian.Uint32(h[:4]) }
func (h chunkHead) sum() uint32    { return binary.BigEndian.Uint32(h[4:]) }

// add is the checksum after a chunk, its length included.
func add(sum uint32, chunk []byte) uint32 {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(chunk)))
	return crc32.Update(crc32.Update(sum, table, n[:]), table, chunk)
}
