package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	user     = "cairn-bench"
	password = "cairn-bench-secret"
)

// A process is a server of ours on loopback.
type process struct {
	endpoint string // host:port
	cmd      *exec.Cmd
	output   bytes.Buffer
	ended    chan struct{}
}

// startProcess runs cmd until it is stopped, and returns when ready says that it
// serves.
func startProcess(ctx context.Context, endpoint string, cmd *exec.Cmd, ready func() error) (*process, error) {
	p := &process{endpoint: endpoint, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for us, who stop it
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { cmd.Wait(); close(p.ended) }()
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := ready()
		if err == nil {
			return p, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s ended: %s", filepath.Base(cmd.Path), lastLine(p.output.String()))
		case <-limit.Done():
			p.stop()
			return nil, fmt.Errorf("%s did not come up: %w", filepath.Base(cmd.Path), errors.Join(err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *process) stop() {
	p.cmd.Process.Kill()
	<-p.ended
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// freePort returns a loopback address that nothing listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// A server is MinIO with one drive.
type server struct {
	*process
	data string
}

func startServer(ctx context.Context, program, dir string) (*server, error) {
	data, home := filepath.Join(dir, "minio"), filepath.Join(dir, "minio-home")
	for _, made := range []string{data, home} {
		if err := os.Mkdir(made, 0o755); err != nil {
			return nil, err
		}
	}
	endpoint, err := freePort()
	if err != nil {
		return nil, err
	}
	console, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "server", "--quiet", "--address", endpoint, "--console-address", console, data)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "MINIO_ROOT_USER=" + user, "MINIO_ROOT_PASSWORD=" + password,
		"MINIO_UPDATE=off", "MINIO_CALLHOME_ENABLE=off", "MINIO_PROMETHEUS_AUTH_TYPE=public",
	}
	p, err := startProcess(ctx, endpoint, cmd, func() error {
		_, err := get("http://" + endpoint + "/minio/health/cluster")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w; is it installed? run: make servers", err)
	}
	return &server{p, data}, nil
}

// makeBucket makes a bucket as the server keeps one: as a folder.
func (s *server) makeBucket(name string) error { return os.Mkdir(filepath.Join(s.data, name), 0o755) }

// removeBucket removes it from below the server, at once and without work for it
// that the next sample would measure.
func (s *server) removeBucket(name string) error { return os.RemoveAll(filepath.Join(s.data, name)) }

func get(url string) (string, error) {
	resp, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", url, resp.Status)
	}
	var body strings.Builder
	_, err = io.Copy(&body, resp.Body)
	return body.String(), err
}
