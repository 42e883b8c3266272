package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// programsImage is the root filesystem of a Debian with the programs; .ci/share-image makes it.
const programsImage = "../../.cache/share-image.tar"

// TestSharePrograms has real programs work in a shared folder: `make test-share`.
func TestSharePrograms(t *testing.T) {
	if os.Getenv("SHARE_PROGRAMS") == "" {
		t.Skip("takes long: run `make test-share`, or set SHARE_PROGRAMS=1")
	}
	if _, err := os.Stat(programsImage); err != nil {
		t.Fatalf("%v: run `make test-share`", err)
	}
	s := newSharing(t)
	s.slow("import", programsImage, "programs")
	for _, test := range []struct {
		name string
		run  func(*sharing)
	}{
		{"posix, with large folders", (*sharing).posixBig},
		{"git", (*sharing).git},
		{"sqlite", (*sharing).sqlite},
		{"postgres", (*sharing).postgres},
		{"rsync", (*sharing).rsync},
		{"tar of usr", (*sharing).tarOfUsr},
		{"inotifywait", (*sharing).inotifywait},
		{"npm, vite, nodemon", (*sharing).npm},
		{"go build", (*sharing).goBuild},
	} {
		t.Run(test.name, func(t *testing.T) {
			begun := time.Now()
			s.with(test.run)(t)
			t.Logf("took %v", time.Since(begun).Round(time.Second))
		})
	}
}

// slow is docker for what takes up to half an hour.
func (s *sharing) slow(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	cmd := s.command(ctx, "docker", args...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, tail(out))
	}
	return string(out)
}

func tail(b []byte) []byte { return b[max(0, len(b)-3000):] }

// program runs a script with the programs in a container that has a folder at /m.
func (s *sharing) program(folder, script string) string {
	s.t.Helper()
	return s.slow("run", "--rm", "--shm-size", "256m", "-v", folder+":/m", "-w", "/m", "-e", "HOME=/tmp", "programs", "bash", "-euo", "pipefail", "-c", script)
}

// host runs a program on the host in a folder.
func (s *sharing) host(dir string, args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%q on the host: %v\n%s", args, err, tail(out))
	}
	return string(out)
}

// needs skips the test if the host lacks a program.
func (s *sharing) needs(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			s.t.Skipf("%s is missing on this host", name)
		}
	}
}

func (s *sharing) posixBig() {
	dir := s.folder("posix big")
	out, err := s.tryDockerFor(15*time.Minute, "run", "--rm", "-v", dir+":/m", "share", "posix", "-big", "-run", "100,000|4 GiB", "/m")
	s.t.Log(out)
	if err != nil {
		s.t.Errorf("%v: %s", err, out)
	}
}

func (s *sharing) tryDockerFor(limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := s.command(ctx, "docker", args...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// git makes a repository of 5,000 files on the guest's disk, clones it into the share and works with it there.
func (s *sharing) git() {
	dir := s.folder("git")
	out := s.program(dir, `
export GIT_CONFIG_GLOBAL=/tmp/gitconfig
git config --global user.name t; git config --global user.email t@example.com; git config --global --add safe.directory '*'
git init -q /tmp/origin; cd /tmp/origin
for i in $(seq 100); do mkdir -p d$i; for j in $(seq 50); do echo "file $i $j" >d$i/f$j; done; done
git add -A; git commit -qm all
cd /m; git clone -q /tmp/origin repo; cd repo
test -z "$(git status --porcelain)"
for i in $(seq 20); do echo change >>d$i/f1; git commit -qam "change $i"; done
git mv d1 moved; git rm -q d2/f2; test "$(git status --porcelain | wc -l)" = 51; git commit -qm moved
git gc -q --aggressive --prune=now; git fsck --strict; git checkout -q HEAD~15; git checkout -q -; git stash list
test -z "$(git status --porcelain)"; git log --oneline | wc -l; git ls-files | wc -l`)
	if !strings.HasSuffix(strings.TrimSpace(out), "22\n4999") {
		s.t.Errorf("got %s", out)
	}
	s.needs("git")
	repo := filepath.Join(dir, "repo")
	if got := s.host(repo, "git", "-c", "safe.directory=*", "fsck", "--strict"); strings.Contains(got, "error") {
		s.t.Errorf("fsck on the host: %s", got)
	}
}

// sqlite has four writers at once use a database in WAL mode, whose shared memory is a mapped file.
func (s *sharing) sqlite() {
	dir := s.folder("sqlite")
	out := s.program(dir, `
sqlite3 db 'PRAGMA journal_mode=WAL; CREATE TABLE t (w INTEGER, n INTEGER)' >/dev/null
for w in 1 2 3 4; do (for n in $(seq 100); do echo ".timeout 60000
BEGIN IMMEDIATE; INSERT INTO t VALUES ($w, $n); COMMIT;"; done | sqlite3 db) & pids="${pids:-} $!"; done
for p in $pids; do wait $p; done
sqlite3 db 'PRAGMA integrity_check; SELECT count(*), count(DISTINCT w), sum(n) FROM t'`)
	if strings.TrimSpace(out) != "ok\n400|4|20200" {
		s.t.Errorf("got %s", out)
	}
}

// postgres makes a cluster in the share, whose data folder it chowns and chmods, runs pgbench, and kills it in between.
func (s *sharing) postgres() {
	dir := s.folder("postgres")
	out := s.program(dir, `
bin=$(echo /usr/lib/postgresql/*/bin); mkdir data; chown postgres:postgres data; chmod 700 data
as() { runuser -u postgres -- env PATH=$bin:$PATH PGHOST=/tmp "$@"; }
as initdb -D /m/data -A trust >/tmp/initdb.log 2>&1 || { cat /tmp/initdb.log; exit 1; }
as pg_ctl -D /m/data -o "-k /tmp -c listen_addresses=''" -w -t 300 -l /tmp/pg.log start >/dev/null || { cat /tmp/pg.log; exit 1; }
as pgbench -i -q postgres >/tmp/init.log 2>&1 || { cat /tmp/init.log; exit 1; }
as pgbench -c 4 -t 50 postgres 2>&1 | grep 'number of transactions actually'
as pg_ctl -D /m/data -m immediate stop >/dev/null
as pg_ctl -D /m/data -o "-k /tmp -c listen_addresses=''" -w -t 300 -l /tmp/pg.log start >/dev/null || { cat /tmp/pg.log; exit 1; }
as psql -Atc 'SELECT count(*) FROM pgbench_history; SELECT sum(abalance) = (SELECT sum(bbalance) FROM pgbench_branches) FROM pgbench_accounts' postgres
as pg_ctl -D /m/data -m fast -w stop >/dev/null; stat -c '%U %a' data; as pg_checksums -c -D /m/data 2>/dev/null | grep -c 'Bad checksums' || true`)
	for _, want := range []string{"200/200", "\n200\nt\n", "postgres 700"} {
		if !strings.Contains(out, want) {
			s.t.Errorf("%q is missing in %s", want, out)
		}
	}
}

// rsync copies a system's folders in and out again and compares by checksums.
func (s *sharing) rsync() {
	dir := s.folder("rsync")
	out := s.program(dir, `
rsync -aH /etc /usr/share/perl in/; rsync -aHcni --delete /etc/ in/etc/; rsync -aHcni --delete /usr/share/perl/ in/perl/
mkdir /tmp/out; rsync -aH in/ /tmp/out/; rsync -aHcni --delete in/ /tmp/out/
echo changed >>/tmp/out/etc/hostname; rm -r "$(find /tmp/out/perl -type d -name File -print -quit)"; rsync -aH --delete /tmp/out/ in/; rsync -aHcni --delete in/ /tmp/out/
test "$(find in -type f | wc -l)" -gt 500`)
	if strings.TrimSpace(out) != "" {
		s.t.Errorf("rsync finds differences:\n%s", out)
	}
}

// tarOfUsr packs the system into the share, lists it there, and unpacks a part in the share.
func (s *sharing) tarOfUsr() {
	dir := s.folder("tar")
	s.program(dir, `
tar -C / -cf usr.tar usr; sum=$(sha256sum <usr.tar); sync; echo 3 2>/dev/null >/proc/sys/vm/drop_caches || true
tar -C / -df usr.tar; test "$(sha256sum <usr.tar)" = "$sum"
mkdir x; tar -C x -xf usr.tar usr/share usr/bin; diff -r --no-dereference /usr/bin x/usr/bin; diff -r --no-dereference /usr/share x/usr/share; rm -rf x`)
	if st, err := os.Stat(filepath.Join(dir, "usr.tar")); err != nil || st.Size() < 50<<20 {
		s.t.Errorf("on the host: %v, %v", st, err)
	}
}

// inotifywait is the program of that name, for a tree.
func (s *sharing) inotifywait() {
	dir := s.folder("inotifywait")
	s.folder("inotifywait/src")
	k := s.talk(4*time.Minute, "-v", dir+":/m", "programs", "sh", "-c", "inotifywait -mr --format '%e %w%f' /m 2>&1")
	for line := range k.lines {
		if strings.Contains(line, "established") {
			break
		}
	}
	s.write(filepath.Join(dir, "src/f"), "x")
	if said, ok := s.sees(k.lines, "/m/src/", []string{"CREATE f", "CLOSE_WRITE,CLOSE f"}); !ok {
		s.t.Errorf("create: got %q", said)
	}
	if err := os.Rename(filepath.Join(dir, "src/f"), filepath.Join(dir, "src/g")); err != nil {
		s.t.Fatal(err)
	}
	if said, ok := s.sees(k.lines, "/m/src/", []string{"MOVED_FROM f", "MOVED_TO g"}); !ok {
		s.t.Errorf("rename: got %q", said)
	}
}

// goBuild builds Wherry itself, its source, its modules and the compiler being shared.
func (s *sharing) goBuild() {
	var env struct{ GOROOT, GOMODCACHE string }
	if err := json.Unmarshal([]byte(s.host(".", "go", "env", "-json", "GOROOT", "GOMODCACHE")), &env); err != nil {
		s.t.Fatal(err)
	}
	src := s.folder("go")
	archive, err := exec.Command("git", "-C", "../..", "archive", "HEAD").Output()
	if err != nil {
		s.t.Skipf("this is no git repository: %v", err)
	}
	unpack := exec.Command("tar", "-xf", "-", "-C", src)
	unpack.Stdin = bytes.NewReader(archive)
	if out, err := unpack.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	for _, dir := range []string{env.GOROOT, env.GOMODCACHE} {
		if out, err := s.try("share", "add", "--read-only", dir); err != nil && !strings.Contains(out, "belongs to the system") {
			s.t.Fatalf("%v: %s", err, out)
		} else if err != nil {
			copied := s.folder("copy of " + filepath.Base(dir))
			s.host(".", "cp", "-a", dir+"/.", copied)
			if dir == env.GOROOT {
				env.GOROOT = copied
			} else {
				env.GOMODCACHE = copied
			}
		}
	}
	out := s.slow("run", "--rm", "-v", src+":/m", "-v", env.GOROOT+":/go:ro", "-v", env.GOMODCACHE+":/mod:ro", "-w", "/m",
		"-e", "HOME=/tmp", "-e", "GOROOT=/go", "-e", "GOMODCACHE=/mod", "-e", "GOCACHE=/m/cache", "-e", "GOFLAGS=-mod=mod", "-e", "GOPROXY=off", "-e", "CGO_ENABLED=0", "-e", "GONOSUMDB=*", "-e", "GOFLAGS=-buildvcs=false",
		"programs", "sh", "-ec", "/go/bin/go build -trimpath -o wherry ./cmd/wherry && ./wherry version")
	if !strings.Contains(out, "wherry") {
		s.t.Errorf("got %s", out)
	}
	if out := s.host(src, "./wherry", "version"); !strings.Contains(out, "wherry") {
		s.t.Errorf("on the host: %s", fmt.Sprint(out))
	}
}
