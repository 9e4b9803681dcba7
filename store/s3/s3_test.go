package s3_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3test"
	"github.com/cairnstore/cairn/store/s3"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/storetest/server"
)

// open returns the Store in the bucket of a server.
func open(t testing.TB, s *server.Server) *s3.Store {
	t.Helper()
	setenv(t, s.User, s.Password)
	return connect(t, "http://"+s.Endpoint, s.Bucket)
}

// setenv hides the configuration of the machine that the test runs on.
func setenv(t testing.TB, id, secret string) {
	t.Helper()
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
}

func connect(t testing.TB, endpoint, bucket string) *s3.Store {
	t.Helper()
	st, err := s3.New(t.Context(), bucket, &s3.Options{Endpoint: endpoint})
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
	setenv(t, "id", "secret")
	s3test.Run(t, func(t *testing.T, endpoint string) store.Store {
		return connect(t, "http://"+endpoint, "bucket")
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

// Of a key of KMS an ETag has as many digits as an MD5 and is none.
func TestCopyEncrypted(t *testing.T) {
	setenv(t, "id", "secret")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-amz-server-side-encryption", "aws:kms")
		if r.Method == http.MethodPost {
			io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>")
			return
		}
		io.WriteString(w, "<CopyPartResult><ETag>0123456789abcdef0123456789abcdef</ETag></CopyPartResult>")
	}))
	defer srv.Close()
	c, err := connect(t, srv.URL, "bucket").Compose(t.Context(), "key", 5, &store.ComposeOptions{Copies: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Copy(t.Context(), store.Part{Number: 1, Size: 5}, storetest.Body([]byte("bytes")), "from", 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestNoCredentials(t *testing.T) {
	setenv(t, "", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := connect(t, "http://127.0.0.1:1", "bucket").Stat(t.Context(), "key")
	if !errors.Is(err, fs.ErrPermission) {
		t.Fatal(err)
	}
}
