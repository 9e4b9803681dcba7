// Package server starts real object-store servers for tests, on a free loopback
// port and a temporary folder, and stops them when the test ends.
//
// The servers are programs that "make servers" installs into .bin at the root
// of the module. A test that needs one which is not there is skipped, or fails
// where CAIRN_TEST_REQUIRE is set, as "make test" does.
package server

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Server is a running server.
type Server struct {
	Endpoint string // host:port
	User     string // access key, where the server has one
	Password string // secret key
	Bucket   string // an empty bucket
}

// program returns the path of a program in .bin.
func program(tb testing.TB, name string) string {
	tb.Helper()
	_, file, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(file), "../../../.bin", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CAIRN_TEST_REQUIRE") != "" {
			tb.Fatalf("%s is not installed; run: make servers", name)
		}
		tb.Skipf("%s is not installed; run: make servers", name)
	}
	return path
}

// freePort returns a loopback address that nothing listens on.
func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs cmd until the test ends and returns when ready does so without an
// error. The server's output is shown if it does not come up.
func start(tb testing.TB, cmd *exec.Cmd, ready func() error) {
	tb.Helper()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the test
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	stop := func() { cmd.Process.Kill(); <-exited }
	tb.Cleanup(stop)
	deadline := time.Now().Add(time.Minute)
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-exited:
			tb.Fatalf("%s ended: %s", filepath.Base(cmd.Path), strings.TrimSpace(output.String()))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			stop()
			tb.Fatalf("%s did not come up: %v\n%s", filepath.Base(cmd.Path), err, output.String())
		}
	}
}
