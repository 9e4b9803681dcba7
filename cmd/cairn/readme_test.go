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
	script(t, filepath.Join(dir, "features.sh"), `cp "$CAIRN_IN_FLIGHTS"/* "$CAIRN_OUT_FEATURES_DELAY"`)
	script(t, filepath.Join(dir, "train.sh"), `cat "$CAIRN_IN_FLIGHTS"/* "$CAIRN_IN_FEATURES"/* > "$CAIRN_OUT_MODELS_DELAY/model.bin"`)
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

func script(t *testing.T, file, command string) {
	t.Helper()
	if err := os.WriteFile(file, []byte("#!/bin/sh\nset -eu\n"+command+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
}

// The examples tell what they are meant to tell.
func TestExamples(t *testing.T) {
	bin := t.TempDir()
	for _, program := range []string{"churn/plain", "flights"} {
		if out, err := exec.Command("go", "build", "-o", bin, "../../examples/"+program).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"first-steps", nil, []string{"exit code 2\n"}},
		{"churn", nil, []string{"(v1), but datasets/customers@b3:", "exit code 2\n", "published 1 output (0 new"}},
		{"flights", []string{os.Getenv("CAIRN_TEST_FLIGHTS")}, []string{"trained on 5 months: AUC 0.6", "2001-01-01..2001-06-01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if len(c.args) > 0 && c.args[0] == "" {
				t.Skip("CAIRN_TEST_FLIGHTS does not name the flights of half a year, which are not part of this repository")
			}
			cmd := exec.Command("../../examples/"+c.name+"/run.sh", c.args...)
			cmd.Env = append(os.Environ(), "PLAIN="+filepath.Join(bin, "plain"), "FLIGHTS="+filepath.Join(bin, "flights"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			for _, want := range c.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not tell %q:\n%s", want, out)
				}
			}
		})
	}
}
