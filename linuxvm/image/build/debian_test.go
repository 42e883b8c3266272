package build

import (
	"reflect"
	"testing"

	"github.com/wherry-app/wherry/linuxvm/image"
)

const testContents = `package runc 1.1.15+ds1-2
file usr/
file usr/sbin/runc
file usr/share/doc/runc/copyright
package libc6 2.41-12
file lib/x/libc.so.6
package libc6-doc 2.41-12
`

func TestPackagesOf(t *testing.T) {
	base := Tree{}
	base.PutFile(contentsName, 0o644, []byte(testContents))
	base.PutFile("usr/share/doc/runc/copyright", 0o644, []byte("Format: x\nLicense: Apache-2.0\nLicense: GPL-3+\n"))
	base.PutFile("usr/share/doc/libc-common/copyright", 0o644,
		[]byte("It is free software, see /usr/share/common-licenses/LGPL-2.1.\n"))
	base.PutLink("usr/share/doc/libc6", "libc-common")
	got, err := packagesOf(base, []string{"usr/lib/x/libc.so.6", "usr/sbin/runc"})
	if err != nil {
		t.Fatal(err)
	}
	want := []image.Package{
		{Name: "libc6", Version: "2.41-12", Licences: []string{"LGPL-2.1"}},
		{Name: "runc", Version: "1.1.15+ds1-2", Licences: []string{"Apache-2.0", "GPL-3+"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := packagesOf(base, []string{"usr/bin/nobody"}); err == nil {
		t.Error("a file of no package is no error")
	}
}

func TestLicenceNames(t *testing.T) {
	for text, want := range map[string][]string{
		"License: MIT\n text\nLicense: BSD-3-clause\nLicense: MIT\n":          {"BSD-3-clause", "MIT"},
		"License:\n none on this line\nSee /usr/share/common-licenses/GPL-2.": {"GPL-2"},
		"Permission is hereby granted, free of charge, to":                    {"MIT"},
		"All rights reserved.": nil,
	} {
		if got := licenceNames(text); !reflect.DeepEqual(got, want) {
			t.Errorf("licenceNames(%q) = %q, want %q", text, got, want)
		}
	}
}
