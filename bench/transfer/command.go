package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A usage is what a command took.
type usage struct {
	Wall time.Duration `json:"wall"`
	CPU  time.Duration `json:"cpu"`  // with that of its children
	Peak int64         `json:"peak"` // bytes of memory, of the largest of its processes
}

func (u *usage) add(other usage) {
	u.Wall += other.Wall
	u.CPU += other.CPU
	u.Peak = max(u.Peak, other.Peak)
}

// A runner runs commands as children of a small process that measures them.
type runner struct {
	measure string // the program
	home    string
}

// run runs c, with its processes in a group that ends with ctx, and returns what it
// printed.
func (r *runner) run(ctx context.Context, c command, endpoint string) (u usage, stdout []byte, err error) {
	result, write, err := os.Pipe()
	if err != nil {
		return u, nil, err
	}
	defer result.Close()
	cmd := exec.CommandContext(ctx, r.measure, c.args...)
	cmd.Dir, cmd.Env = c.dir, append(r.environment(endpoint), c.env...)
	cmd.ExtraFiles = []*os.File{write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	write.Close()
	if err != nil {
		return u, nil, commandError(ctx, c, err, complaints.String())
	}
	text, err := io.ReadAll(result)
	if err != nil {
		return u, nil, err
	}
	return u, out.Bytes(), json.Unmarshal(text, &u)
}

// environment is all that a tool gets to know.
func (r *runner) environment(endpoint string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.home, "TMPDIR=" + r.home, "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1",
		"AWS_ACCESS_KEY_ID=" + user, "AWS_SECRET_ACCESS_KEY=" + password, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL_S3=http://" + endpoint,
	}
}

func commandError(ctx context.Context, c command, err error, complaints string) error {
	name := filepath.Base(c.args[0])
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s did not finish in time", name)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	complaints = strings.TrimSpace(strings.ToValidUTF8(complaints, "?"))
	line := lastLine(complaints)
	if strings.HasPrefix(line, "signal: ") { // says measure, and the program may have said why
		line = strings.TrimSpace(line + " " + lastLine(strings.TrimSuffix(complaints, line)))
	}
	if line != "" {
		return fmt.Errorf("%s: %s", name, line)
	}
	return fmt.Errorf("%s: %w", name, err)
}
