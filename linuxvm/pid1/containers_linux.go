package pid1

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// containersMemory is what each running container's control group holds, in the order of their IDs.
func containersMemory() []control.ContainerMemory {
	dirs, _ := filepath.Glob(containersGroup + "/*/memory.current") // the pattern is good
	var all []control.ContainerMemory
	for _, path := range dirs {
		id := filepath.Base(filepath.Dir(path))
		if len(id) != 64 { // a container's; builds have groups, too
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		c := control.ContainerMemory{ID: id, Name: containerName(id), Cache: field(filepath.Dir(path)+"/memory.stat", "file")}
		c.Bytes, _ = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		all = append(all, c)
	}
	return all
}

// containerName is the name that docker has written down; the beginning of the ID if there is none.
func containerName(id string) string {
	text, err := os.ReadFile(dataDir + "/docker/containers/" + id + "/config.v2.json")
	var c struct{ Name string }
	if err != nil || json.Unmarshal(text, &c) != nil || c.Name == "" {
		return id[:12]
	}
	return strings.TrimPrefix(c.Name, "/")
}
