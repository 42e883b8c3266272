package build

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// arm64Magic is in the header of every arm64 Image.
const arm64Magic = "ARM\x64"

// bootKernel turns a Debian kernel file into the one that boots fastest: for amd64 the ELF file inside the bzImage, which
// hypervisors start directly (PVH) without the kernel unpacking itself; arm64's is an uncompressed Image already.
func bootKernel(data []byte, decompress func([]byte) ([]byte, error)) ([]byte, error) {
	if len(data) >= 0x40 && string(data[0x38:0x3c]) == arm64Magic {
		return data, nil
	}
	payload, err := bzImagePayload(data)
	if err != nil {
		return nil, err
	}
	vmlinux, err := decompress(payload)
	if err != nil {
		return nil, fmt.Errorf("decompress kernel: %w", err)
	}
	if !bytes.HasPrefix(vmlinux, []byte(elf.ELFMAG)) {
		return nil, errors.New("kernel is no ELF file")
	}
	return vmlinux, nil
}

// bzImagePayload finds the compressed kernel in a bzImage by its boot protocol's header (version 2.08 and later). The
// payload ends in 4 bytes of length, which are cut off.
func bzImagePayload(data []byte) ([]byte, error) {
	const setupSects, magic, offset, length = 0x1f1, 0x202, 0x248, 0x24c
	if len(data) < 0x250 || string(data[magic:magic+4]) != "HdrS" {
		return nil, errors.New("kernel is neither a bzImage nor an arm64 Image")
	}
	sects := int64(data[setupSects])
	if sects == 0 {
		sects = 4
	}
	start := (sects+1)*512 + int64(binary.LittleEndian.Uint32(data[offset:]))
	end := start + int64(binary.LittleEndian.Uint32(data[length:]))
	if end > int64(len(data)) || end-start < 8 {
		return nil, errors.New("kernel's payload is cut off")
	}
	return data[start : end-4], nil
}
