// Package s3test tests how a driver of the S3 API deals with a server that
// fails: what its errors mean, and how often it sends what.
package s3test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A fake is a server of the S3 API that answers as it is told to, and counts.
type fake struct {
	Endpoint string // host:port

	mu      sync.Mutex
	counts  map[string]int
	headers map[string]http.Header // of the last request of each kind
}

// start starts a server in which answer answers call number n, from 1, of each
// kind.
func start(t *testing.T, answer func(w http.ResponseWriter, kind string, n int)) *fake {
	return serve(t, func(w http.ResponseWriter, r *http.Request, kind string, n int) {
		io.Copy(io.Discard, r.Body)
		answer(w, kind, n)
	})
}

// startRude starts a server in which deal deals with bodies as they arrive.
func startRude(t *testing.T, deal func(w http.ResponseWriter, r *http.Request)) *fake {
	return serve(t, func(w http.ResponseWriter, r *http.Request, kind string, n int) {
		if kind == "put" || kind == "part" {
			deal(w, r)
			return
		}
		succeed(w, kind)
	})
}

func serve(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, kind string, n int)) *fake {
	f := &fake{counts: make(map[string]int), headers: make(map[string]http.Header)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := kindOf(r)
		f.mu.Lock()
		f.counts[kind]++
		n := f.counts[kind]
		f.headers[kind] = r.Header
		r.Header.Set("Content-Length", fmt.Sprint(r.ContentLength))
		f.mu.Unlock()
		handle(w, r, kind, n)
	}))
	t.Cleanup(s.Close)
	f.Endpoint = strings.TrimPrefix(s.URL, "http://")
	return f
}

// kindOf names what a request asks for.
func kindOf(r *http.Request) string {
	q := r.URL.Query()
	_, key, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case q.Has("uploads") && r.Method == http.MethodGet:
		return "uploads"
	case q.Has("uploads"):
		return "begin"
	case r.Header.Get("X-Amz-Copy-Source") != "":
		return "copy"
	case q.Has("partNumber"):
		return "part"
	case q.Has("uploadId") && r.Method == http.MethodPost:
		return "complete"
	case q.Has("uploadId") && r.Method == http.MethodGet:
		return "parts"
	case q.Has("uploadId"):
		return "abort"
	case q.Has("location"):
		return "location"
	case key == "" && r.Method == http.MethodGet:
		return "list"
	case key == "":
		return "bucket"
	}
	return map[string]string{"GET": "open", "HEAD": "stat", "PUT": "put", "DELETE": "delete"}[r.Method]
}

func (f *fake) count(kind string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[kind]
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if code != "" {
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>because\n of a test</Message></Error>", code)
	}
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// reset ends the connection as a router does that has forgotten it.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

// succeed answers a request.
func succeed(w http.ResponseWriter, kind string) {
	w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
	w.Header().Set("Last-Modified", "Fri, 21 Nov 2025 05:00:00 GMT")
	switch kind {
	case "begin":
		fmt.Fprint(w, "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><UploadId>id</UploadId></InitiateMultipartUploadResult>")
	case "complete":
		fmt.Fprint(w, `<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><ETag>"0123456789abcdef0123456789abcdef-3"</ETag></CompleteMultipartUploadResult>`)
	case "copy":
		fmt.Fprint(w, `<CopyPartResult><ETag>"0123456789abcdef0123456789abcdef"</ETag></CopyPartResult>`)
	case "uploads":
		fmt.Fprint(w, "<ListMultipartUploadsResult><Upload><Key>key</Key><UploadId>id</UploadId></Upload></ListMultipartUploadsResult>")
	case "parts":
		fmt.Fprint(w, "<ListPartsResult><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm></ListPartsResult>")
	case "abort", "delete":
		w.WriteHeader(http.StatusNoContent)
	}
}
