package minio_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3test"
	"github.com/cairnstore/cairn/store/minio"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/storetest/server"
)

// open returns the Store in the bucket of a server.
func open(t testing.TB, s *server.Server) *minio.Store {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", s.User)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Password)
	return connect(t, s.Endpoint, s.Bucket)
}

func connect(t testing.TB, endpoint, bucket string) *minio.Store {
	t.Helper()
	st, err := minio.New(endpoint, bucket, &minio.Options{Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestConformanceMinIO(t *testing.T) {
	storetest.Run(t, open(t, server.MinIO(t)), nil)
}

func TestConformanceMinIOUnderPrefix(t *testing.T) {
	storetest.Run(t, store.WithPrefix(open(t, server.MinIO(t)), "some/prefix/"), nil)
}

func TestConformanceVersityGW(t *testing.T) {
	storetest.Run(t, open(t, server.VersityGW(t)), nil)
}

func TestFailingServer(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s3test.Run(t, func(t *testing.T, endpoint string) store.Store {
		return connect(t, endpoint, "bucket")
	})
}

func TestFiles(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *server.Server{"MinIO": server.MinIO, "VersityGW": server.VersityGW} {
		t.Run(name, func(t *testing.T) {
			srv := start(t)
			s3test.Files(t, open(t, srv), open(t, srv))
		})
	}
}

func BenchmarkMinIO(b *testing.B) { s3test.Bench(b, open(b, server.MinIO(b))) }

func TestRefusals(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *server.Server{"MinIO": server.MinIO, "VersityGW": server.VersityGW} {
		t.Run(name, func(t *testing.T) {
			srv := start(t)
			stranger := *srv
			stranger.Password = "wrong"
			strange := open(t, &stranger)
			srv.Bucket = "nowhere"
			s3test.Refusals(t, strange, open(t, srv))
		})
	}
}

// clearenv hides the credentials of the machine that the test runs on.
func clearenv(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "MINIO_ROOT_USER", "MINIO_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
}

func TestWebIdentity(t *testing.T) {
	clearenv(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("jwt"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{400, "InvalidIdentityToken", fs.ErrPermission},
		{403, "AccessDenied", fs.ErrPermission},
		{500, "InternalError", store.ErrTemporary},
	} {
		t.Run(c.code, func(t *testing.T) {
			sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>%s</Code></Error></ErrorResponse>`, c.code)
			}))
			defer sts.Close()
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token)
			t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
			s := connect(t, "127.0.0.1:1", "bucket")
			if _, err := s.Stat(t.Context(), "key"); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.code) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// There is no machine's metadata to wait for: no credentials are anonymous ones.
func TestNoCredentials(t *testing.T) {
	clearenv(t)
	srv := server.MinIO(t)
	if _, err := connect(t, srv.Endpoint, srv.Bucket).Stat(t.Context(), "key"); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}
