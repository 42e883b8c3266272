// Command posix looks whether a folder behaves as POSIX, and Linux beyond it, say that files do.
//
//	posix [-run REGEXP] [-big] DIR
//
// It prints a line for each case, "PASS name", "SKIP name: why" or "FAIL name: what", and exits with 1 if one failed. It
// makes a folder of its own in DIR and removes it. As root it also tries what other users may do.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// Cases are all of them; a name says what they are about, then what they try.
func cases() []testCase {
	var all []testCase
	for _, some := range [][]testCase{
		openCases(), dataCases(), mapCases(), nameCases(), linkCases(), renameCases(), removeCases(), folderCases(), modeCases(),
		ownerCases(), timeCases(), xattrCases(), lockCases(), specialCases(), eventCases(),
	} {
		all = append(all, some...)
	}
	return all
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-helper" {
		os.Exit(helper(os.Args[2:]))
	}
	run := flag.String("run", "", "only cases whose name this `regexp` matches")
	big := flag.Bool("big", false, "cases that take long, too")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: posix [-run REGEXP] [-big] DIR")
		os.Exit(2)
	}
	syscall.Umask(0o022)
	failed, err := runAll(flag.Arg(0), regexp.MustCompile(*run), *big)
	if err != nil {
		fmt.Fprintln(os.Stderr, "posix:", err)
	}
	if failed || err != nil {
		os.Exit(1)
	}
}

// runAll runs the cases, each in an empty folder.
func runAll(where string, only *regexp.Regexp, big bool) (failed bool, err error) {
	abs, err := filepath.Abs(where)
	if err != nil {
		return false, err
	}
	root, err := os.MkdirTemp(abs, "posix-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(root)
	if err := os.Chmod(root, 0o755); err != nil {
		return false, err
	}
	for i, tc := range cases() {
		if !only.MatchString(tc.name) || tc.big && !big {
			continue
		}
		dir := filepath.Join(root, fmt.Sprint("case", i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return false, err
		}
		c := &check{dir: dir}
		c.run(tc.run)
		switch {
		case len(c.wrong) > 0:
			failed = true
			fmt.Printf("FAIL %s: %s\n", tc.name, strings.Join(c.wrong, "; "))
		case c.why != "":
			fmt.Printf("SKIP %s: %s\n", tc.name, c.why)
		default:
			fmt.Println("PASS", tc.name)
		}
		_ = os.RemoveAll(dir)
	}
	return failed, nil
}
