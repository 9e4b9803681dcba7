package server

import (
	"os"
	"os/exec"
	"testing"
)

// VersityGW starts a Versity S3 Gateway that keeps objects as files. It shares
// no code with MinIO.
func VersityGW(tb testing.TB) *Server {
	tb.Helper()
	path, data := program(tb, "versitygw"), folder(tb)
	s := &Server{Endpoint: freePort(tb), User: "cairn-test", Password: "cairn-test-secret", Bucket: "bucket"}
	makeBucket(tb, data, s.Bucket)
	cmd := exec.Command(path, "--port", s.Endpoint, "--health", "/health", "--keep-alive", "--quiet", "posix", data)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.User, "ROOT_SECRET_KEY="+s.Password)
	start(tb, cmd, func() error { return healthy("http://" + s.Endpoint + "/health") })
	return s
}
