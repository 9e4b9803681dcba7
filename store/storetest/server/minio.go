package server

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// MinIO starts a MinIO server with one drive.
func MinIO(tb testing.TB) *Server {
	tb.Helper()
	path, data := program(tb, "minio"), folder(tb)
	s := &Server{Endpoint: freePort(tb), User: "cairn-test", Password: "cairn-test-secret", Bucket: "bucket"}
	makeBucket(tb, data, s.Bucket)
	cmd := exec.Command(path, "server", "--quiet", "--address", s.Endpoint, "--console-address", freePort(tb), data)
	cmd.Env = append(os.Environ(),
		"MINIO_ROOT_USER="+s.User,
		"MINIO_ROOT_PASSWORD="+s.Password,
		"MINIO_UPDATE=off",
		"MINIO_CALLHOME_ENABLE=off",
		"HOME="+folder(tb), // its certificates and settings
	)
	start(tb, cmd, func() error { return healthy("http://" + s.Endpoint + "/minio/health/cluster") })
	return s
}

// makeBucket makes a bucket of a server that keeps each as a folder.
func makeBucket(tb testing.TB, data, bucket string) {
	tb.Helper()
	if err := os.Mkdir(filepath.Join(data, bucket), 0o755); err != nil {
		tb.Fatal(err)
	}
}

// folder returns a temporary folder. Unlike TempDir it tolerates a server that
// was killed while it wrote there.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "cairn-server-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// healthy returns nil if url answers 200.
func healthy(url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return nil
}
