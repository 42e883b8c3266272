package build

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// stub makes a program of a dozen instructions that starts another one, with the same arguments and environment, at
// addresses that are not random: personality(ADDR_NO_RANDOMIZE), execve(target, argv, envp), exit(127).
//
// dockerd starts iptables about a hundred times before it is ready. An emulated processor translates a program's code
// again when it is at another address, which is most of iptables' time: 38 ms a run against 12 through the stub. iptables
// reads nothing but what dockerd tells it and the kernel's tables.
func stub(arch, target string) ([]byte, error) {
	const headers = 64 + 56
	var code []byte
	var machine elf.Machine
	switch arch {
	case "amd64":
		code, machine = stubAMD64(), elf.EM_X86_64
	case "arm64":
		code, machine = stubARM64(), elf.EM_AARCH64
	default:
		return nil, fmt.Errorf("no stub for architecture %q", arch)
	}
	code = append(code, target...)
	code = append(code, 0)
	size := uint64(headers + len(code))
	var b bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
			Entry: fixedBase + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
		},
		elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: fixedBase, Paddr: fixedBase,
			Filesz: size, Memsz: size, Align: 1 << 16,
		},
		code,
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			return nil, fmt.Errorf("write stub: %w", err)
		}
	}
	return b.Bytes(), nil
}

// stubAMD64 is the stub's code; the target's path follows it.
func stubAMD64() []byte {
	return []byte{
		0xbf, 0x00, 0x00, 0x04, 0x00, // mov edi, ADDR_NO_RANDOMIZE
		0xb8, 0x87, 0x00, 0x00, 0x00, // mov eax, SYS_personality
		0x0f, 0x05, // syscall
		0x48, 0x8d, 0x3d, 0x21, 0x00, 0x00, 0x00, // lea rdi, [path]
		0x48, 0x8d, 0x74, 0x24, 0x08, // lea rsi, [argv]
		0x48, 0x8b, 0x04, 0x24, // mov rax, [argc]
		0x48, 0x8d, 0x54, 0xc4, 0x10, // lea rdx, [envp]
		0xb8, 0x3b, 0x00, 0x00, 0x00, // mov eax, SYS_execve
		0x0f, 0x05, // syscall
		0xbf, 0x7f, 0x00, 0x00, 0x00, // mov edi, 127
		0xb8, 0x3c, 0x00, 0x00, 0x00, // mov eax, SYS_exit
		0x0f, 0x05, // syscall
	}
}

// stubARM64 is the stub's code; the target's path follows it.
func stubARM64() []byte {
	var code []byte
	for _, instruction := range []uint32{
		0xd2a00080, // movz x0, ADDR_NO_RANDOMIZE
		0xd2800b88, // movz x8, SYS_personality
		0xd4000001, // svc 0
		0x10000140, // adr x0, path
		0x910023e1, // add x1, sp, 8: argv
		0xf94003e2, // ldr x2, [sp]: argc
		0x8b226fe2, // add x2, sp, x2, uxtx 3
		0x91004042, // add x2, x2, 16: envp
		0xd2801ba8, // movz x8, SYS_execve
		0xd4000001, // svc 0
		0xd2800fe0, // movz x0, 127
		0xd2800ba8, // movz x8, SYS_exit
		0xd4000001, // svc 0
	} {
		code = binary.LittleEndian.AppendUint32(code, instruction)
	}
	return code
}
