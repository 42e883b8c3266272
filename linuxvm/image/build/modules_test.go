package build

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/linuxvm/pid1/kmod"
)

func testModules() map[string]moduleFile {
	return map[string]moduleFile{
		"bridge":       {path: "net/bridge/bridge", deps: []string{"stp", "llc"}, aliases: []string{"rtnl-link-bridge"}},
		"stp":          {path: "net/802/stp", deps: []string{"llc"}},
		"llc":          {path: "net/llc/llc"},
		"btrfs":        {path: "fs/btrfs/btrfs", deps: []string{"xor"}, soft: []string{"crypto-blake2b", "crypto-none", "raid"}},
		"xor":          {path: "crypto/xor"},
		"blake2b":      {path: "crypto/blake2b", aliases: []string{"crypto-blake2b"}},
		"raid":         {path: "lib/raid", deps: []string{"btrfs"}},
		"mlx5":         {path: "drivers/net/mlx5", deps: []string{"gone"}},
		"virtio_blk":   {path: "drivers/block/virtio_blk"},
		"crc32c_intel": {path: "arch/x86/crypto/crc32c-intel"},
	}
}

func TestPickModulesTakesWhatTheyNeed(t *testing.T) {
	keep, err := newMatcher([]string{"net/bridge/**"})
	if err != nil {
		t.Fatal(err)
	}
	picked, err := pickModules(testModules(), keep)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(picked)), []string{"bridge", "llc", "stp"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if keep, err = newMatcher([]string{"drivers/**"}); err != nil {
		t.Fatal(err)
	}
	if _, err := pickModules(testModules(), keep); err == nil {
		t.Error("a need that is missing is no error")
	}
}

func TestIndexModules(t *testing.T) {
	all := testModules()
	delete(all, "mlx5")
	index, err := indexModules(all, "/m", []string{"ext4"})
	if err != nil {
		t.Fatal(err)
	}
	// raid needs btrfs, so btrfs' wish to have it first cannot be met; nobody answers to crypto-none.
	for name, want := range map[string][]string{
		"btrfs":            {"/m/crypto/xor.ko", "/m/crypto/blake2b.ko", "/m/fs/btrfs/btrfs.ko"},
		"rtnl-link-bridge": {"/m/net/llc/llc.ko", "/m/net/802/stp.ko", "/m/net/bridge/bridge.ko"},
		"ext4":             {kmod.BuiltIn},
	} {
		order, err := index.Order(name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range order {
			got = append(got, m.Path)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestUnsigned(t *testing.T) {
	signed := "module" + "signature" + strings.Repeat("\x00", 11) + "\x09" + "~Module signature appended~\n"
	for data, want := range map[string]string{
		signed:                                   "module",
		"module":                                 "module",
		"~Module signature appended~\n":          "~Module signature appended~\n",
		strings.Repeat("\xff", 12) + signed[27:]: strings.Repeat("\xff", 12) + signed[27:],
	} {
		if got := unsigned([]byte(data)); string(got) != want {
			t.Errorf("unsigned(%q) = %q, want %q", data, got, want)
		}
	}
}

func TestDepmodFiles(t *testing.T) {
	index := kmod.NewIndex([]kmod.Module{
		{Name: "bridge", Path: "/m/bridge.ko", Deps: []string{"stp", "llc"}, Aliases: []string{"rtnl-link-bridge"}},
		{Name: "stp", Path: "/m/stp.ko", Deps: []string{"llc"}},
		{Name: "llc", Path: "/m/llc.ko"},
		{Name: "ext4", Path: kmod.BuiltIn},
	})
	want := map[string]string{
		"modules.dep":     "/m/llc.ko:\n/m/stp.ko: /m/llc.ko\n/m/bridge.ko: /m/stp.ko /m/llc.ko\n",
		"modules.alias":   "alias rtnl-link-bridge bridge\n",
		"modules.symbols": "",
	}
	if got := depmodFiles(index); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestModuleName(t *testing.T) {
	for p, want := range map[string]string{
		"kernel/drivers/char/hw_random/virtio-rng.ko.xz": "virtio_rng",
		"arch/x86/crypto/crc32c-intel":                   "crc32c_intel",
		"kernel/fs/ext4/ext4.ko":                         "ext4",
	} {
		if got := moduleName(p); got != want {
			t.Errorf("moduleName(%q) = %q, want %q", p, got, want)
		}
	}
}
