package engine

import (
	"testing"

	"github.com/wherry-app/wherry/app"
)

func TestFoldersOf(t *testing.T) {
	set := []app.Share{{Path: "/home/me"}, {Path: "/srv", ReadOnly: true}}
	ready := []app.ShareState{{Path: "/srv", GuestPath: "/srv", ReadOnly: true, Ready: true}, {Path: "/home/me", GuestPath: "/g/me", Ready: true}}
	folders, waiting := foldersOf(set, ready)
	if waiting || len(folders) != 2 || folders[0].Guest != "/g/me" || folders[0].Err != nil || !folders[1].ReadOnly || folders[1].Err != nil {
		t.Errorf("%+v, %v", folders, waiting)
	}
	for name, live := range map[string][]app.ShareState{
		"nothing":       nil,
		"one of them":   ready[:1],
		"not ready":     {ready[0], {Path: "/home/me"}},
		"in other mode": {ready[1], {Path: "/srv", Ready: true}},
	} {
		if folders, waiting = foldersOf(set, live); !waiting || folders[0].Err == nil && folders[1].Err == nil {
			t.Errorf("%s: %+v, %v", name, folders, waiting)
		}
	}
	folders, waiting = foldersOf(set[:1], []app.ShareState{{Path: "/home/me", Error: "it is gone", Hint: "bring it back"}})
	if waiting || folders[0].Err == nil || folders[0].Err.Error() != "it is gone; bring it back" {
		t.Errorf("%+v, %v", folders, waiting)
	}
}
