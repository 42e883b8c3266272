package build

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"path"
	"strings"

	"github.com/wherry-app/wherry/linuxvm/pid1/kmod"
)

// hardwareAliases are the prefixes of aliases that only a hardware manager asks for; the guest has none.
var hardwareAliases = []string{
	"acpi", "cpu:", "dmi:", "hid:", "input:", "mdio:", "of:", "pci:", "platform:", "pnp:", "scsi:", "serio:", "usb:",
	"virtio:", "vmbus:", "xen",
}

// moduleName is the name in a module file's path.
func moduleName(p string) string {
	name, _, _ := strings.Cut(path.Base(p), ".ko")
	return kmod.Normal(name)
}

// modinfo reads the fields of a module's .modinfo section.
func modinfo(data []byte) (map[string][]string, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("no .modinfo section")
	}
	raw, err := section.Data()
	if err != nil {
		return nil, err
	}
	info := map[string][]string{}
	for field := range strings.SplitSeq(string(raw), "\x00") {
		if key, value, ok := strings.Cut(field, "="); ok {
			info[key] = append(info[key], value)
		}
	}
	return info, nil
}

// A moduleFile is a decompressed module and what it says of itself.
type moduleFile struct {
	path    string // under kernel/, without .ko
	data    []byte
	deps    []string
	soft    []string // names or aliases it would like to have loaded before it
	aliases []string
}

func newModuleFile(p string, data []byte) (moduleFile, error) {
	data = unsigned(data)
	info, err := modinfo(data)
	if err != nil {
		return moduleFile{}, fmt.Errorf("module %q: %w", p, err)
	}
	m := moduleFile{path: p, data: data}
	for _, list := range info["depends"] {
		for d := range strings.SplitSeq(list, ",") {
			if d != "" {
				m.deps = append(m.deps, kmod.Normal(d))
			}
		}
	}
	for _, soft := range info["softdep"] {
		pre, _, _ := strings.Cut(soft, "post:")
		m.soft = append(m.soft, strings.Fields(strings.TrimPrefix(pre, "pre:"))...)
	}
	for _, a := range info["alias"] {
		if !hasAnyPrefix(a, hardwareAliases) {
			m.aliases = append(m.aliases, strings.ReplaceAll(a, " ", "?"))
		}
	}
	return m, nil
}

// unsigned cuts the signature off a module. The whole image is verified before each boot; to verify each module once more
// is RSA and SHA-256 on an emulated processor, while the guest boots.
func unsigned(data []byte) []byte {
	const magic, header = "~Module signature appended~\n", 12
	body, ok := bytes.CutSuffix(data, []byte(magic))
	if !ok || len(body) < header {
		return data
	}
	length := int(binary.BigEndian.Uint32(body[len(body)-4:]))
	if end := len(body) - header - length; end >= 0 {
		return body[:end]
	}
	return data
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// pickModules returns the modules that the list keeps and all that they need, by name. The modules' paths are under
// kernel/, without .ko.
func pickModules(all map[string]moduleFile, list matcher) (map[string]moduleFile, error) {
	picked := map[string]moduleFile{}
	var pick func(name, by string) error
	pick = func(name, by string) error {
		m, ok := all[name]
		if !ok {
			return fmt.Errorf("module %q needs %q, which the kernel's package does not have", by, name)
		}
		if _, ok := picked[name]; ok {
			return nil
		}
		picked[name] = m
		for _, d := range m.deps {
			if err := pick(d, name); err != nil {
				return err
			}
		}
		return nil
	}
	for name, m := range all {
		if list.keeps(m.path) {
			if err := pick(name, ""); err != nil {
				return nil, err
			}
		}
	}
	return picked, nil
}

// builtIn returns the names in the kernel's list of modules that it has built in.
func builtIn(list string) []string {
	var names []string
	for p := range strings.FieldsSeq(list) {
		names = append(names, moduleName(p))
	}
	return names
}

// indexModules makes the index of modules that lie at dir in the guest, and of those built in. A soft need counts as a need if a picked module
// answers it and does not itself need the one that asks.
func indexModules(picked map[string]moduleFile, dir string, builtIn []string) (*kmod.Index, error) {
	hard := make([]kmod.Module, 0, len(picked)+len(builtIn))
	for _, name := range builtIn {
		hard = append(hard, kmod.Module{Name: name, Path: kmod.BuiltIn})
	}
	for name, m := range picked {
		hard = append(hard, kmod.Module{Name: name, Path: path.Join(dir, m.path+".ko"), Deps: m.deps, Aliases: m.aliases})
	}
	index := kmod.NewIndex(hard)
	all := make([]kmod.Module, 0, len(hard))
	for _, k := range hard {
		for _, s := range picked[k.Name].soft {
			found, err := index.Find(s)
			if err != nil {
				continue
			}
			for _, f := range found {
				if order, err := index.Order(f); err != nil {
					return nil, err
				} else if !contains(order, k.Name) {
					k.Deps = append(k.Deps[:len(k.Deps):len(k.Deps)], f)
				}
			}
		}
		all = append(all, k)
	}
	return kmod.NewIndex(all), nil
}

func contains(modules []kmod.Module, name string) bool {
	for _, m := range modules {
		if m.Name == name {
			return true
		}
	}
	return false
}

// depmodFiles writes an index in depmod's text form, by file name. busybox's shell has a modprobe of its own, which
// reads it.
func depmodFiles(index *kmod.Index) map[string]string {
	var deps, aliases strings.Builder
	for _, m := range index.All() {
		if m.Path == kmod.BuiltIn {
			continue
		}
		deps.WriteString(m.Path + ":")
		order, _ := index.Order(m.Name) // All has what Order finds
		for i := len(order) - 2; i >= 0; i-- {
			deps.WriteString(" " + order[i].Path)
		}
		deps.WriteByte('\n')
		for _, a := range m.Aliases {
			aliases.WriteString("alias " + a + " " + m.Name + "\n")
		}
	}
	return map[string]string{"modules.dep": deps.String(), "modules.alias": aliases.String(), "modules.symbols": ""}
}
