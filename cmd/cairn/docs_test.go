package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The commands of docs/run.md work as they stand there, and its job file is one.
func TestRunDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/run.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "customers.csv"), []byte("age\n18\n"))
	write(t, filepath.Join(dir, "features.sh"), []byte(`cp "$CAIRN_IN_CUSTOMERS/customers.csv" "$CAIRN_OUT_FEATURES_CHURN/features.csv"`))
	write(t, filepath.Join(dir, "train.sh"), []byte(`mkdir "$CAIRN_OUT_MODELS_CHURN" && cp "$CAIRN_IN_FEATURES/features.csv" "$CAIRN_OUT_MODELS_CHURN/weights"`))
	for _, block := range consoleBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			cmd := exec.Command("sh", "-c", strings.TrimPrefix(line, "$ "))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+filepath.Join(dir, "data"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	job, _, _ := strings.Cut(rest, "```")
	o, command, err := parseJob(t, job)
	if err != nil || len(command) != 2 || len(o.out) != 1 || !o.requireClean {
		t.Errorf("%v, %q, %v", o, command, err)
	}
}
