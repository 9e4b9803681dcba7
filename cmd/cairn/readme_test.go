package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")

// Every command of the README works as it stands there, in its order.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(readme), "\n"); n >= 200 {
		t.Errorf("the README has %d lines; it is the front door, and keeps under 200", n)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "model", "weights.bin"), []byte("weights"))
	if out, err := exec.Command("mktable", filepath.Join(dir, "flights.parquet"), "zstd", "delay int64 12 0 47").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	commands := 0
	for _, block := range consoleBlock.FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok {
				continue
			}
			commands++
			if target, ok := strings.CutPrefix(command, "make "); ok {
				if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
					t.Errorf("there is no make target %s", target)
				}
				continue
			}
			cmd := exec.Command("sh", "-c", command)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+filepath.Join(dir, "data"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		}
	}
	if commands < 6 {
		t.Errorf("only %d commands were found", commands)
	}
}

func TestDemo(t *testing.T) {
	out, err := exec.Command("../../examples/first-steps/run.sh").CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "exit code 2\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
