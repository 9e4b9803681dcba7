package server

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// GCS starts fake-gcs-server, which speaks plain HTTP and asks for no
// credentials. It keeps everything in memory. Google's libraries find it when
// STORAGE_EMULATOR_HOST is the Endpoint.
func GCS(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{Endpoint: freePort(tb), Bucket: "cairn"}
	host, port, err := net.SplitHostPort(s.Endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	// Without its own address as the public host the server takes the bucket in
	// the path of an XML request for a part of the key.
	cmd := exec.Command(program(tb, "fake-gcs-server"), "-backend", "memory", "-scheme", "http",
		"-host", host, "-port", port, "-public-host", host, "-log-level", "error")
	start(tb, cmd, func() error { return createBucket(s) })
	return s
}

func createBucket(s *Server) error {
	resp, err := http.Post("http://"+s.Endpoint+"/storage/v1/b?project=cairn", "application/json",
		strings.NewReader(`{"name":"`+s.Bucket+`"}`))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("creating a bucket: %s", resp.Status)
	}
	return nil
}
