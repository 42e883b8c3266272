package build

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// fixedBase is the address at which programs are linked that have one.
const fixedBase = 0x400000

// errNotFixable is returned for programs whose form fixAddress does not know.
var errNotFixable = errors.New("program cannot be given a fixed address")

// fixAddress turns a position-independent program into one with a fixed address: it does once, here, what the dynamic
// loader would do at each start. dockerd has 342,000 relative relocations over 31 MB of data: without them these pages
// are neither read nor copied before they are used. An emulated processor, moreover, translates code again at each new
// address, and runc starts several times for each container. Shared libraries, stack and heap stay at random addresses.
func fixAddress(program []byte) ([]byte, error) {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil, fmt.Errorf("read program: %w", err)
	}
	relative, ok := map[elf.Machine]uint32{
		elf.EM_X86_64:  uint32(elf.R_X86_64_RELATIVE),
		elf.EM_AARCH64: uint32(elf.R_AARCH64_RELATIVE),
	}[f.Machine]
	if !ok || f.Type != elf.ET_DYN || f.Data != elf.ELFDATA2LSB {
		return nil, fmt.Errorf("%w: not position-independent", errNotFixable)
	}
	x := &fixer{file: f, out: bytes.Clone(program), relative: relative}
	for _, step := range []func() error{x.relocations, x.symbols, x.dynamic, x.headers} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return x.out, nil
}

type fixer struct {
	file     *elf.File
	out      []byte
	relative uint32 // type of the relocations that are done here
	done     uint64 // bytes of the table that begin it and are all such relocations
}

var le = binary.LittleEndian

// add adds the base to the 8 bytes at an offset of the file.
func (x *fixer) add(offset uint64) {
	le.PutUint64(x.out[offset:], le.Uint64(x.out[offset:])+fixedBase)
}

// offset returns where in the file the memory at an address comes from.
func (x *fixer) offset(address uint64) (uint64, error) {
	for _, p := range x.file.Progs {
		if p.Type == elf.PT_LOAD && address >= p.Vaddr && address+8 <= p.Vaddr+p.Filesz {
			return p.Off + address - p.Vaddr, nil
		}
	}
	return 0, fmt.Errorf("%w: no file content at %#x", errNotFixable, address)
}

func (x *fixer) dynValue(tag elf.DynTag) uint64 {
	v, err := x.file.DynValue(tag)
	if err != nil || len(v) == 0 {
		return 0
	}
	return v[0]
}

const relaSize = 24

// relocations does the relative relocations and moves the places of the others.
func (x *fixer) relocations() error {
	if x.dynValue(elf.DT_REL) != 0 || x.dynValue(dtRelr) != 0 {
		return fmt.Errorf("%w: relocations of another form", errNotFixable)
	}
	x.done = x.dynValue(elf.DT_RELACOUNT) * relaSize
	for _, table := range []struct {
		start, size uint64
		jumps       bool
	}{
		{x.dynValue(elf.DT_RELA), x.dynValue(elf.DT_RELASZ), false},
		{x.dynValue(elf.DT_JMPREL), x.dynValue(elf.DT_PLTRELSZ), true},
	} {
		if table.size == 0 {
			continue
		}
		at, err := x.offset(table.start)
		if err != nil {
			return err
		}
		for i := uint64(0); i < table.size; i += relaSize {
			if err := x.relocation(at+i, table.jumps); err != nil {
				return err
			}
		}
	}
	return nil
}

// relocation does or moves the relocation at an offset of the file. One that is done becomes one that says nothing.
func (x *fixer) relocation(at uint64, jump bool) error {
	const typeAt, addend, none = 8, 16, 0
	place, err := x.offset(le.Uint64(x.out[at:]))
	switch {
	case le.Uint32(x.out[at+typeAt:]) == x.relative:
		if err != nil {
			return err
		}
		le.PutUint64(x.out[place:], le.Uint64(x.out[at+addend:])+fixedBase)
		le.PutUint32(x.out[at+typeAt:], none)
	case jump && err == nil && le.Uint64(x.out[place:]) != 0:
		x.add(place) // where the first call goes, to find the function
	}
	x.add(at)
	return nil
}

// symbols moves the program's own symbols.
func (x *fixer) symbols() error {
	section := x.file.SectionByType(elf.SHT_DYNSYM)
	if section == nil {
		return nil
	}
	const symSize, info, shndx, value = 24, 4, 6, 8
	for at := section.Offset; at+symSize <= section.Offset+section.Size; at += symSize {
		index := elf.SectionIndex(le.Uint16(x.out[at+shndx:]))
		if index != elf.SHN_UNDEF && index != elf.SHN_ABS && elf.ST_TYPE(x.out[at+info]) != elf.STT_TLS {
			x.add(at + value)
		}
	}
	return nil
}

const (
	dtRelr = elf.DynTag(36)
	df1PIE = 0x08000000
)

// movedTags are the entries of the dynamic section that hold addresses.
var movedTags = map[elf.DynTag]bool{
	elf.DT_INIT: true, elf.DT_FINI: true, elf.DT_INIT_ARRAY: true, elf.DT_FINI_ARRAY: true, elf.DT_PREINIT_ARRAY: true,
	elf.DT_HASH: true, elf.DT_GNU_HASH: true, elf.DT_STRTAB: true, elf.DT_SYMTAB: true, elf.DT_RELA: true,
	elf.DT_JMPREL: true, elf.DT_PLTGOT: true, elf.DT_VERSYM: true, elf.DT_VERNEED: true, elf.DT_VERDEF: true,
}

// dynamic moves the addresses of the dynamic section and takes out what has been done.
func (x *fixer) dynamic() error {
	for _, p := range x.file.Progs {
		if p.Type != elf.PT_DYNAMIC {
			continue
		}
		for at := p.Off; at+16 <= p.Off+p.Filesz; at += 16 {
			tag, value := elf.DynTag(le.Uint64(x.out[at:])), le.Uint64(x.out[at+8:])
			if movedTags[tag] {
				value += fixedBase
			}
			switch tag {
			case elf.DT_NULL:
				return nil
			case elf.DT_RELA:
				value += x.done
			case elf.DT_RELASZ:
				value -= x.done
			case elf.DT_RELACOUNT:
				value = 0
			case elf.DT_FLAGS_1:
				value &^= df1PIE
			}
			le.PutUint64(x.out[at+8:], value)
		}
	}
	return nil
}

// headers moves the program's segments and sections, and its start.
func (x *fixer) headers() error {
	const typeAt, entryAt, phoffAt, shoffAt, phentsizeAt, shentsizeAt = 16, 24, 32, 40, 54, 58
	le.PutUint16(x.out[typeAt:], uint16(elf.ET_EXEC))
	x.add(entryAt)
	at, size := le.Uint64(x.out[phoffAt:]), uint64(le.Uint16(x.out[phentsizeAt:]))
	for _, p := range x.file.Progs {
		if p.Type != elf.PT_GNU_STACK {
			const vaddr, paddr = 16, 24
			x.add(at + vaddr)
			x.add(at + paddr)
		}
		at += size
	}
	at, size = le.Uint64(x.out[shoffAt:]), uint64(le.Uint16(x.out[shentsizeAt:]))
	for _, s := range x.file.Sections {
		if s.Flags&elf.SHF_ALLOC != 0 {
			const addr = 16
			x.add(at + addr)
		}
		at += size
	}
	return nil
}
