package kubernetes

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

var (
	instruction = regexp.MustCompile(`^(FROM|WORKDIR|COPY|RUN|ARG|USER|ENV|VOLUME|ENTRYPOINT) \S`)
	from        = regexp.MustCompile(`^FROM (?:--platform=\$BUILDPLATFORM )?(\S+)(?: AS \w+)?$`)
)

// dockerfile returns the instructions of the Dockerfile.
func dockerfile(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !instruction.MatchString(line) {
			t.Errorf("no instruction: %s", line)
		}
		lines = append(lines, line)
	}
	return lines
}

// The image is made in two stages, from images that are pinned, and its program
// does not run as root.
func TestDockerfile(t *testing.T) {
	stages, last := 0, map[string]string{}
	for _, line := range dockerfile(t) {
		word, rest, _ := strings.Cut(line, " ")
		if word == "FROM" {
			stages++
			last = map[string]string{}
			m := from.FindStringSubmatch(line)
			if m == nil || !strings.Contains(m[1], ":") || strings.HasSuffix(m[1], ":latest") {
				t.Errorf("not pinned: %s", line)
			}
		}
		last[word] = rest
	}
	if stages != 2 || last["USER"] != "65532:65532" || last["ENTRYPOINT"] != `["/cairn"]` || last["RUN"] != "" {
		t.Errorf("%d stages, the last of which has %q", stages, last)
	}
}

// The line that builds the program works with what .dockerignore lets through,
// and what it makes needs no other file: for both architectures in "make soak",
// else for this one.
func TestDockerBuild(t *testing.T) {
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	if os.Getenv("CAIRN_TEST_SOAK") == "" {
		if os.Getenv("CAIRN_TEST_REQUIRE") == "" {
			t.Skip("it compiles everything once more; make test does")
		}
		machines = map[string]elf.Machine{runtime.GOARCH: machines[runtime.GOARCH]}
	}
	var build string
	for _, line := range dockerfile(t) {
		if command, ok := strings.CutPrefix(line, "RUN "); ok && strings.Contains(command, "go build") {
			build = command
		}
	}
	source := buildContext(t)
	for arch, machine := range machines {
		program := filepath.Join(t.TempDir(), "cairn")
		cmd := exec.Command("sh", "-c", strings.Replace(build, "-o /cairn", "-o "+program, 1))
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH="+arch)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", arch, err, out)
			continue
		}
		f, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Machine != machine {
			t.Errorf("%s: it is for %v", arch, f.Machine)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP {
				t.Errorf("%s: it needs a dynamic linker", arch)
			}
		}
	}
}

// buildContext returns a folder with what .dockerignore lets through.
func buildContext(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for line := range strings.Lines(string(text)) {
		pattern, ok := strings.CutPrefix(strings.TrimSpace(line), "!")
		if !ok {
			continue
		}
		found, err := filepath.Glob("../../" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		for _, path := range found {
			copyTree(t, path, filepath.Join(dir, filepath.Base(path)))
		}
	}
	return dir
}

// copyTree copies a file or folder, but for the tests.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	st, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if !st.IsDir() {
		body, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, body, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	entries, err := os.ReadDir(from)
	if err == nil {
		err = os.MkdirAll(to, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "testdata" && !strings.HasSuffix(e.Name(), "_test.go") {
			copyTree(t, filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
}
