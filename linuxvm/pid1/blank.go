package pid1

import (
	"fmt"
	"io"
)

// The places of a disk that blank reads.
const (
	edge       = 1 << 20 // at both ends: boot sectors, partition tables and most file systems' headers
	copies     = 64 << 10
	sample     = 4 << 10
	sampleStep = 16 << 20
	maxSamples = 1024
)

// superblocks are where file systems keep (copies of) their headers, beyond the edges.
var superblocks = [...]int64{
	8 << 20,   // ext4 of 1 KiB blocks: its second group
	64 << 20,  // btrfs
	256 << 30, // btrfs
	128 << 20, // ext4 of 4 KiB blocks: groups 1, 3, 5, 7, 9
	384 << 20,
	640 << 20,
	896 << 20,
	1152 << 20,
}

// blank reports whether a disk of that size is all zeroes as far as one can tell without reading all of it: 1 MiB at
// both ends, the known places of superblocks, and 4 KiB samples spread evenly, every 16 MiB up to 16 GiB and 1024 of them
// on larger disks. where is the first byte that is not zero.
func blank(r io.ReaderAt, size int64) (isBlank bool, where int64, err error) {
	buf := make([]byte, edge)
	check := func(offset, n int64) bool {
		offset = max(0, min(offset, size-n))
		b := buf[:min(n, size-offset)]
		if _, err = r.ReadAt(b, offset); err != nil && err != io.EOF {
			err = fmt.Errorf("read disk at %d: %w", offset, err)
			return false
		}
		err = nil
		for i, c := range b {
			if c != 0 {
				where = offset + int64(i)
				return false
			}
		}
		return true
	}
	if !check(0, edge) || !check(size-edge, edge) {
		return false, where, err
	}
	for _, offset := range superblocks {
		if offset < size && !check(offset, copies) {
			return false, where, err
		}
	}
	for offset := int64(edge); offset < size; offset += sampleStepFor(size) {
		if !check(offset, sample) {
			return false, where, err
		}
	}
	return true, 0, nil
}

// sampleStepFor is how far apart the samples are on a disk of that size.
func sampleStepFor(size int64) int64 {
	return max(sampleStep, size/maxSamples/sample*sample)
}
