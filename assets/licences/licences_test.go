package licences

import (
	"bytes"
	"compress/gzip"
	"testing"
	"testing/fstest"
)

func TestNameOf(t *testing.T) {
	for text, want := range map[string]string{
		"Apache License\n Version 2.0, January 2004": "Apache-2.0",
		"Permission is hereby granted, free of charge … including without limitation the rights to use, copy,\nmodify": "MIT",
		"Redistribution and use in source and binary forms … Neither the name of":                                      "BSD-3-Clause",
		"Redistribution and use in source and binary forms, with or without":                                           "BSD-2-Clause",
		"Mozilla Public License, version 2.0":                                                                          "MPL-2.0",
		"Apache License Version 2.0 ---- SIL OPEN FONT LICENSE Version 1.1":                                            "Apache-2.0 and OFL-1.1",
		"All rights reserved.": "",
	} {
		if got := NameOf(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	if got, err := read(fstest.MapFS{}); got != nil || err != nil {
		t.Errorf("nothing gathered: %v, %v", got, err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(`[{"path":"example.com/a","version":"v1.0.0","licence":"MIT","text":"so"}]`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := read(fstest.MapFS{gathered: &fstest.MapFile{Data: b.Bytes()}})
	if err != nil || len(got) != 1 || got[0] != (Module{"example.com/a", "v1.0.0", "MIT", "so"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := read(fstest.MapFS{gathered: &fstest.MapFile{Data: []byte("no gzip")}}); err == nil {
		t.Error("what is broken is read")
	}
}

func TestModulesOfThisBuild(t *testing.T) {
	ms, err := Modules()
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range ms {
		if m.Path == "" || i > 0 && ms[i-1].Path >= m.Path {
			t.Errorf("module %d: %+v after %+v", i, m, ms[max(i-1, 0)])
		}
	}
}
