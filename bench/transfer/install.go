package main

import (
	"bytes"
	"cmp"
	"context"
	"debug/buildinfo"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	s5cmdModule  = "github.com/peak/s5cmd/v2"
	s5cmdVersion = "v2.3.0"
	rclone       = "github.com/rclone/rclone@v1.75.1"
)

//go:embed peers/*.py
var scripts embed.FS

//go:embed peers.txt
var requirements []byte

// An installer puts programs into a folder.
type installer struct {
	dir string
}

// install returns all tools, in the order in which they take turns. What is ours
// must be there; a peer that cannot be had says why.
func install(ctx context.Context, bin string) ([]*tool, error) {
	i := &installer{filepath.Join(bin, "bench")}
	if err := os.MkdirAll(i.dir, 0o755); err != nil {
		return nil, err
	}
	if err := i.buildOurs(ctx); err != nil {
		return nil, err
	}
	ours := []*tool{
		bareTool(i.path("bare")),
		cairnTool(cairnName, i.path("cairn"), "minio", false),
		cairnTool(cairnS3, i.path("cairn"), "s3", false),
		cairnTool(cairnKept, i.path("cairn"), "minio", true),
	}
	version, err := output(ctx, "git", "describe", "--always", "--dirty")
	if err != nil {
		version = moduleVersion(i.path("cairn"))
	}
	for _, t := range ours {
		t.version = version
	}
	ours[0].version = "Go " + strings.TrimPrefix(goVersion(ctx), "go")
	all := append(ours, i.goTools(ctx)...)
	all = append(all, i.pythonTools(ctx)...)
	return append(all, i.sdks(ctx)...), nil
}

func (i *installer) path(name string) string { return filepath.Join(i.dir, name) }

func (i *installer) buildOurs(ctx context.Context) error {
	log.Print("building cairn and what measures it")
	for name, pkg := range map[string]string{"cairn": "./cmd/cairn", "measure": "./bench/transfer/measure"} {
		if err := i.build(ctx, ".", name, pkg); err != nil {
			return err
		}
	}
	for _, name := range []string{"bare", "toxic"} {
		if err := i.build(ctx, "bench/transfer/sdks", name, "./"+name); err != nil {
			return err
		}
	}
	return nil
}

func (i *installer) build(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-o", i.path(name)}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return quietly(cmd)
}

// goTools are those that a Go module has.
func (i *installer) goTools(ctx context.Context) []*tool {
	s5cmd, rcloneTool := s5cmdTool(i.path("s5cmd-"+s5cmdVersion)), rcloneTool(i.path("rclone-"+versionOf(rclone)))
	s5cmd.version, rcloneTool.version = s5cmdVersion, versionOf(rclone)
	s5cmd.absent = i.once(ctx, "s5cmd-"+s5cmdVersion, i.buildS5cmd)
	rcloneTool.absent = i.once(ctx, "rclone-"+versionOf(rclone), func(ctx context.Context, name string) error {
		cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", rclone)
		cmd.Env = append(os.Environ(), "GOBIN="+i.dir)
		if err := quietly(cmd); err != nil {
			return err
		}
		return os.Rename(i.path("rclone"), i.path(name))
	})
	return []*tool{s5cmd, rcloneTool}
}

func versionOf(module string) string {
	_, version, _ := strings.Cut(module, "@")
	return version
}

// buildS5cmd builds s5cmd in its own source, since its module was published with a
// list of vendored packages and without them.
func (i *installer) buildS5cmd(ctx context.Context, name string) error {
	if err := quietly(exec.CommandContext(ctx, "go", "mod", "download", s5cmdModule+"@"+s5cmdVersion)); err != nil {
		return err
	}
	cache, err := output(ctx, "go", "env", "GOMODCACHE")
	if err != nil {
		return err
	}
	return i.build(ctx, filepath.Join(cache, s5cmdModule+"@"+s5cmdVersion), name, "-mod=mod", ".")
}

// once makes a file if it is not there, and returns why that failed.
func (i *installer) once(ctx context.Context, name string, get func(ctx context.Context, name string) error) string {
	if _, err := os.Stat(i.path(name)); err == nil {
		return ""
	}
	log.Printf("installing %s", name)
	if err := get(ctx, name); err != nil {
		return "not to be had: " + err.Error()
	}
	return ""
}

// pythonTools are libraries that PyPI has, in one environment.
func (i *installer) pythonTools(ctx context.Context) []*tool {
	python := i.path("python/bin/python")
	tools := []*tool{
		scriptTool("CRT", python, i.path("peers/crt.py")),
		scriptTool("obstore", python, i.path("peers/obs.py")),
		scriptTool("s3torchconnector", python, i.path("peers/mountpoint.py")),
		dvcTool(i.path("python/bin/dvc")),
		scriptTool("boto3", python, i.path("peers/boto.py")),
	}
	absent := i.installPython(ctx)
	for n, module := range []string{"awscrt", "obstore", "s3torchconnectorclient", "dvc", "boto3"} {
		tools[n].absent = absent
		tools[n].version = pinned(module)
	}
	return tools
}

func (i *installer) installPython(ctx context.Context) string {
	for _, err := range []error{os.RemoveAll(i.path("peers")), os.CopyFS(i.dir, scripts)} {
		if err != nil {
			return err.Error()
		}
	}
	stamp := i.path("python/installed")
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, requirements) {
		return ""
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	log.Print("installing the Python libraries")
	list := i.path("peers/peers.txt")
	if err := os.WriteFile(list, requirements, 0o666); err != nil {
		return err.Error()
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", i.path("python")},
		{i.path("python/bin/pip"), "install", "-q", "--disable-pip-version-check", "-r", list},
	} {
		if err := quietly(exec.CommandContext(ctx, args[0], args[1:]...)); err != nil {
			return "not to be had: " + err.Error()
		}
	}
	if err := os.WriteFile(stamp, requirements, 0o666); err != nil {
		return err.Error()
	}
	return ""
}

// pinned returns the version of a package in peers.txt.
func pinned(name string) string {
	for line := range strings.Lines(string(requirements)) {
		pkg, version, _ := strings.Cut(strings.TrimSpace(line), "==")
		if pkg, _, _ = strings.Cut(pkg, "["); pkg == name {
			return version
		}
	}
	return ""
}

// sdks are what Go programs use without a tool.
func (i *installer) sdks(ctx context.Context) (tools []*tool) {
	absent := ""
	if err := i.build(ctx, "bench/transfer/sdks", "client", "./client"); err != nil {
		absent = "not to be had: " + err.Error()
	}
	for _, sdk := range []struct{ name, sdk, module string }{
		{"minio-go", "minio-go", "github.com/minio/minio-go/v7"},
		{"aws manager", "manager", "github.com/aws/aws-sdk-go-v2/feature/s3/manager"},
		{"aws transfermanager", "transfermanager", "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"},
	} {
		t := sdkTool(sdk.name, i.path("client"), sdk.sdk)
		t.absent = absent
		t.version, _ = output(ctx, "go", "-C", "bench/transfer/sdks", "list", "-m", "-f", "{{.Version}}", sdk.module)
		tools = append(tools, t)
	}
	return tools
}

func goVersion(ctx context.Context) string {
	version, err := output(ctx, "go", "env", "GOVERSION")
	if err != nil {
		return "unknown"
	}
	return version
}

// moduleVersion returns the version that a Go program was built of.
func moduleVersion(program string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "unknown"
	}
	return info.Main.Version
}

func output(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// quietly runs cmd, and returns the last line of what it printed if it fails.
func quietly(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %s", filepath.Base(cmd.Args[0])+" "+strings.Join(cmd.Args[1:], " "), cmp.Or(lastLine(string(out)), err.Error()))
	}
	return nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
