package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAmount(t *testing.T) {
	for n, want := range map[int64]string{1 << 30: "1GiB", 256 << 20: "256MiB", 16 << 10: "16KiB", 3 << 10: "3KiB", 1000: "1000B"} {
		if got := amount(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestCases(t *testing.T) {
	b := &bench{}
	for _, c := range []struct {
		o    options
		want []string
	}{
		{options{cases: "*-1GiB"}, []string{"up-1GiB", "down-1GiB", "again-1GiB", "resume-up-1GiB", "resume-down-1GiB"}},
		{options{cases: "delta-*", quick: true}, []string{"delta-changed", "delta-added", "delta-appended"}},
		{options{cases: "many-*"}, nil},
		{options{cases: "many-*", many: true}, []string{"many-up-600000x3KiB", "many-down-600000x3KiB"}},
	} {
		var names []string
		for _, made := range b.cases(&c.o) {
			names = append(names, made.name)
		}
		if !slices.Equal(names, c.want) {
			t.Errorf("%+v: got %q, want %q", c.o, names, c.want)
		}
	}
}

// Every tool either has commands for a job or says why it has none, and a case
// asks for tools that exist.
func TestPlans(t *testing.T) {
	tools := []*tool{
		bareTool("bare"), cairnTool(cairnName, "cairn", "minio", false), cairnTool(cairnS3, "cairn", "s3", false), cairnTool(cairnKept, "cairn", "minio", true),
		s5cmdTool("s5cmd"), rcloneTool("rclone"), scriptTool("CRT", "python", "crt.py"), scriptTool("obstore", "python", "obs.py"),
		scriptTool("s3torchconnector", "python", "mountpoint.py"), dvcTool("dvc"), scriptTool("boto3", "python", "boto.py"), sdkTool("minio-go", "client", "minio-go"),
	}
	for _, tool := range tools {
		for _, v := range []verb{up, down, again} {
			for _, tree := range []bool{false, true} {
				p, err := tool.plan(&job{verb: v, tree: tree, local: "local", endpoint: "127.0.0.1:1", bucket: "bucket", key: "data", state: "state"})
				if cannot := cannotError(""); (len(p.timed) == 0) != errors.As(err, &cannot) {
					t.Errorf("%s, %s, tree %v: %d commands and the error %v", tool.name, v, tree, len(p.timed), err)
				}
			}
		}
	}
	for _, c := range (&bench{}).cases(&options{cases: "*", many: true}) {
		for _, name := range c.among {
			if !slices.ContainsFunc(tools, func(t *tool) bool { return t.name == name }) {
				t.Errorf("%s is for %s, which is no tool", c.name, name)
			}
		}
	}
}

// All that comes from PyPI has a version.
func TestPinned(t *testing.T) {
	for _, name := range []string{"awscrt", "obstore", "s3torchconnectorclient", "dvc", "boto3"} {
		if pinned(name) == "" {
			t.Errorf("%s is not pinned in peers.txt", name)
		}
	}
}

// Sources are made once, and are the same each time.
func TestSources(t *testing.T) {
	a, b := sources{t.TempDir()}, sources{t.TempDir()}
	for _, made := range []func(*sources) (string, error){
		func(s *sources) (string, error) { return s.file(100_000) },
		func(s *sources) (string, error) { return s.tree(150, 1000) },
	} {
		x, err := made(&a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := made(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := same(t.Context(), x, y); err != nil {
			t.Error(err)
		}
		if again, err := made(&a); err != nil || again != x {
			t.Errorf("the second time it is %s, %v", again, err)
		}
	}
}

func TestSame(t *testing.T) {
	write := func(text ...string) string {
		dir := t.TempDir()
		for i, s := range text {
			if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))), []byte(s), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	sent := write("one", "two")
	for _, c := range []struct {
		name    string
		arrived string
		same    bool
	}{
		{"equal", write("one", "two"), true},
		{"another byte", write("one", "twq"), false},
		{"cut off", write("one", "tw"), false},
		{"longer", write("one", "twoo"), false},
		{"missing", write("one"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := same(t.Context(), sent, c.arrived); (err == nil) != c.same {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
