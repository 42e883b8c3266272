package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
)

// virtiofsPlace is where the guest mounts virtiofs: a path that binds may name, since it is the guest's own.
const virtiofsPlace = "/var/lib/docker/wherry-bench-virtiofs"

// virtiofsdPaths are where distributions put it.
func virtiofsdPaths() []string {
	return []string{"/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd", "/usr/lib/virtiofsd"}
}

// virtiofs does the file load over virtiofs in an engine of its own, whose QEMU gets the device from a script in between.
func (b *bench) virtiofs(ctx context.Context) (err error) {
	daemon := ""
	for _, p := range virtiofsdPaths() {
		if _, err := os.Stat(p); err == nil {
			daemon = p
			break
		}
	}
	if daemon == "" {
		return errors.New("this host has no virtiofsd")
	}
	dir, socket, script := b.lab.File("virtiofs"), b.lab.File("fs.sock"), b.lab.File("qemu")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := writeWrapper(script, daemon, dir, socket, b.memory); err != nil {
		return err
	}
	l, err := lab.New(lab.Config{Program: b.program, Settings: map[string]string{"accel": b.accel, "memory": b.memory}, Env: []string{"WHERRY_QEMU=" + script}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	other := &bench{options: b.options, lab: l, self: b.self, report: b.report}
	if _, err := other.running(ctx); err != nil {
		return err
	}
	mount := "mkdir -p " + virtiofsPlace + " && mount -t virtiofs wherry " + virtiofsPlace
	if out, err := l.Shell(ctx, nil, "sh", "-c", mount+" && echo mounted"); err != nil || !strings.Contains(out, "mounted") {
		return fmt.Errorf("mount in the guest: %w: %s", err, out)
	}
	return other.fileFigures(ctx, "virtiofs", virtiofsPlace)
}

// writeWrapper writes a script that runs QEMU with one more device, and the device's other end beside it. What asks QEMU
// for its abilities gets QEMU alone.
func writeWrapper(path, daemon, dir, socket, memory string) error {
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return fmt.Errorf("find QEMU: %w", err)
	}
	size := strings.TrimSuffix(strings.TrimSuffix(memory, "iB"), "B")
	serve := fmt.Sprintf("%s --socket-path=%s -o source=%s -o cache=auto", daemon, socket, dir)
	if !strings.Contains(daemon, "lib/qemu/") { // the newer one, which is not QEMU's
		serve = fmt.Sprintf("%s --socket-path=%s --shared-dir=%s --cache=auto", daemon, socket, dir)
	}
	text := fmt.Sprintf(`#!/bin/sh
case "$*" in
*"-name wherry"*) ;;
*) exec %[1]s "$@" ;;
esac
rm -f %[3]s
%[2]s >%[3]s.log 2>&1 3>&- &
i=0; while [ ! -S %[3]s ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
exec %[1]s "$@" -object memory-backend-memfd,id=shared,size=%[4]s,share=on -machine memory-backend=shared \
	-chardev socket,id=fs,path=%[3]s -device vhost-user-fs-pci,chardev=fs,tag=wherry,queue-size=1024
`, qemu, serve, socket, size)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	return nil
}
