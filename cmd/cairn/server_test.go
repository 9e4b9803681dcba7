package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/store/storetest/server"
)

// pushOnce pushes a small file to url and returns what became of it.
func pushOnce(t *testing.T, url string) (stderr string, code int) {
	t.Helper()
	file := write(t, filepath.Join(t.TempDir(), "a.csv"), []byte("a"))
	_, stderr, code = result(t, program(t, url, "push", artifact, file, "--date", "2026-06-17", "--json"))
	return stderr, code
}

// A server that ignores conditions is found out, by doctor and by the first
// push, before anything is written that matters.
func TestServerThatIgnoresConditions(t *testing.T) {
	s := server.GCS(t)
	target := &url.URL{Scheme: "http", Host: s.Endpoint}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target) // and its Host, which the server looks at
		query := r.Out.URL.Query()
		query.Del("ifGenerationMatch")
		r.Out.URL.RawQuery = query.Encode()
	}})
	defer proxy.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(proxy.URL, "http://"))
	store := "gs://" + s.Bucket

	stdout, stderr, code := result(t, program(t, store, "doctor"))
	if code != 2 || !strings.Contains(stdout, "BROKEN   create-race") || !strings.Contains(stdout, "BROKEN   swap-stale") {
		t.Errorf("doctor: exit code %d\n%s%s", code, stdout, stderr)
	}
	if stderr, code := pushOnce(t, store); code != 2 || !strings.Contains(stderr, "ignores the conditions of writes") {
		t.Errorf("push: exit code %d, %s", code, stderr)
	}
	if _, stderr, code := result(t, program(t, store, "ls", artifact)); code != 2 {
		t.Errorf("something was published: exit code %d, %s", code, stderr)
	}
}

// What a server answers decides whether it is worth trying again.
func TestServerAnswers(t *testing.T) {
	s := server.MinIO(t)
	minio := "minio://" + s.Endpoint + "/"
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte(`<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`))
	}))
	defer busy.Close()
	for _, c := range []struct {
		what, url, secret string
		code              int
		kind              string
	}{
		{"good", minio + s.Bucket + "?tls=false", s.Password, 0, ""},
		{"bad credentials", minio + s.Bucket + "?tls=false", "wrong-secret", 2, "permission"},
		{"no bucket", minio + "nowhere?tls=false", s.Password, 2, "no-store"},
		{"plain HTTP where TLS is expected", minio + s.Bucket, s.Password, 1, ""},
		{"throttled", "minio://" + strings.TrimPrefix(busy.URL, "http://") + "/bucket?tls=false", s.Password, 1, "temporary"},
		{"throttled", "s3://bucket?endpoint=" + busy.URL, s.Password, 1, "temporary"},
	} {
		t.Setenv("AWS_ACCESS_KEY_ID", s.User)
		t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
		stderr, code := pushOnce(t, c.url)
		if code != c.code || c.kind != "" && !strings.Contains(stderr, `"kind":"`+c.kind+`"`) {
			t.Errorf("%s: exit code %d, %s", c.what, code, stderr)
		}
	}
}
