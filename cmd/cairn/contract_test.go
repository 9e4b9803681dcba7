package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The example of docs/contracts.md does what it says: "…" stands for anything.
func TestContractsExample(t *testing.T) {
	b, err := os.ReadFile("../../docs/contracts.md")
	if err != nil {
		t.Fatal(err)
	}
	doc, dir := string(b), t.TempDir()
	for _, language := range []string{"yaml", "csv"} {
		block := regexp.MustCompile("(?s)`([a-z.]+)`:\n\n```" + language + "\n(.*?)```").FindStringSubmatch(doc)
		if block == nil {
			t.Fatalf("there is no file in %s", language)
		}
		write(t, filepath.Join(dir, block[1]), []byte(block[2]))
	}
	commands := 0
	for _, block := range consoleBlock.FindAllStringSubmatch(doc, -1) {
		for _, example := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(example, "\n")
			commands++
			cmd := exec.Command("sh", "-c", command)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "CAIRN_STORE="+filepath.Join(dir, "store"), "CAIRN_CACHE="+filepath.Join(dir, "cache"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v", command, err)
			}
			pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want)), "…", ".*")
			if !regexp.MustCompile("^" + pattern + "$").MatchString(strings.TrimSpace(string(out))) {
				t.Errorf("%s\n%s\nand not\n%s", command, out, want)
			}
		}
	}
	if commands < 3 {
		t.Errorf("only %d commands were found", commands)
	}
}
