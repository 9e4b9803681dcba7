package minio_test

import (
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3test"
	"github.com/cairnstore/cairn/store/minio"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/storetest/server"
)

// open returns the Store in the bucket of a server.
func open(t *testing.T, s *server.Server) *minio.Store {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", s.User)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Password)
	return connect(t, s.Endpoint, s.Bucket)
}

func connect(t *testing.T, endpoint, bucket string) *minio.Store {
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
