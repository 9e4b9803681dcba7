package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Steps that run side by side, while the pointer they ask for moves, all get the
// same pin, and the file has what each of them asked for.
func TestLockByManyProcesses(t *testing.T) {
	const processes = 12
	url, dir := t.TempDir(), t.TempDir()
	var pins []string
	for i := range processes {
		file := write(t, filepath.Join(dir, "a"), fmt.Appendf(nil, "version %d", i))
		pins = append(pins, must(t, url, "push", artifact, file, "--date", "2026-06-17", "--label", fmt.Sprint("v", i), "--point", "prod", "-q"))
	}
	locked := filepath.Join(dir, "pins.json")
	prod, own := make([]string, processes), make([]string, processes)
	var group sync.WaitGroup
	for i := range processes {
		move := program(t, url, "point", artifact, "prod", fmt.Sprint("v", i), "-q")
		shared := program(t, url, "resolve", artifact+"@prod", "--lock", locked)
		single := program(t, url, "resolve", fmt.Sprint(artifact, "@v", i), "--lock", locked)
		group.Go(func() {
			if out, err := move.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			out, err := shared.Output()
			if err != nil {
				t.Error(err)
			}
			prod[i] = string(out)
			if out, err = single.Output(); err != nil {
				t.Error(err)
			}
			own[i] = strings.TrimSpace(string(out))
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	l, err := readLock(locked)
	if err != nil {
		t.Fatal(err)
	}
	if len(l) != processes+1 {
		t.Errorf("%d references are locked, of %d", len(l), processes+1)
	}
	for i := range processes {
		if prod[i] != prod[0] {
			t.Errorf("process %d got %s, and the first %s", i, prod[i], prod[0])
		}
		if own[i] != pins[i] {
			t.Errorf("v%d is %s, not %s", i, own[i], pins[i])
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A lock file has one form, and what is not in it is not guessed at.
func TestParseLock(t *testing.T) {
	pin := "datasets/flights@b3:" + strings.Repeat("7c", 32)
	good := "{\n  \"datasets/flights@prod\": [\n    \"" + pin + "\"\n  ]\n}\n"
	if l, err := parseLock([]byte(good)); err != nil || len(l) != 1 {
		t.Fatalf("%v, %v", l, err)
	}
	for _, text := range []string{
		"{",
		"[]",
		good + "\n",
		strings.ReplaceAll(good, "\n", ""),
		strings.ReplaceAll(good, "flights@prod", "flights"),
		strings.ReplaceAll(good, "flights@prod", "weather@prod"),
		strings.ReplaceAll(good, pin, pin[:40]),
		strings.ReplaceAll(good, pin, "datasets/flights@v1"),
		strings.ReplaceAll(good, `"`+pin+`"`, ""),
		strings.ReplaceAll(good, `"`+pin+`"`, `"`+pin+`", "`+pin+`"`),
	} {
		if l, err := parseLock([]byte(text)); err == nil {
			t.Errorf("%s is read as %v", text, l)
		}
	}
}

// A lock that names everything that is asked for is only read, so it may be
// mounted where nothing can be written.
func TestLockIsOnlyRead(t *testing.T) {
	url, dir := t.TempDir(), t.TempDir()
	pin := must(t, url, "push", artifact, write(t, filepath.Join(dir, "a"), []byte("a")), "--date", "2026-06-17", "-q")
	locked := filepath.Join(dir, "pins.json")
	must(t, url, "resolve", artifact+"@2026-06-17", "--lock", locked)
	before, err := os.Stat(locked)
	if err != nil {
		t.Fatal(err)
	}
	if got := must(t, url, "resolve", artifact+"@2026-06-17", "--lock", locked); got != pin {
		t.Errorf("%s, not %s", got, pin)
	}
	if after, err := os.Stat(locked); err != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("the file was written: %v", err)
	}
}
