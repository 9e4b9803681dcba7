package gcs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/gcs"
)

// A scripted server answers as a test wants and keeps what it was asked.
type scripted struct {
	mu       sync.Mutex
	requests []request
}

type request struct {
	*http.Request
	meta map[string]any // of an upload
	body string
	err  error // of reading the request
}

// script starts a server that answers with h, and returns a Store on it.
func script(t *testing.T, h func(w http.ResponseWriter, r request)) (*scripted, *gcs.Store) {
	t.Helper()
	s := &scripted{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := receive(hr)
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", srv.URL)
	return s, open(t, "bucket")
}

func receive(hr *http.Request) request {
	r := request{Request: hr}
	whole, err := io.ReadAll(hr.Body)
	if r.err = err; err != nil || hr.Method != http.MethodPost {
		return r
	}
	_, params, _ := mime.ParseMediaType(hr.Header.Get("Content-Type"))
	if params["boundary"] == "" {
		r.body = string(whole)
		return r
	}
	parts := multipart.NewReader(bytes.NewReader(whole), params["boundary"])
	if p, err := parts.NextPart(); err == nil {
		json.NewDecoder(p).Decode(&r.meta)
	}
	if p, err := parts.NextPart(); err == nil {
		b, _ := io.ReadAll(p)
		r.body = string(b)
	}
	return r
}

func (s *scripted) got() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *scripted) uploads() (uploads []request) {
	for _, r := range s.got() {
		if r.Method == http.MethodPost {
			uploads = append(uploads, r)
		}
	}
	return uploads
}

func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"error":{"code":%d,"message":%q}}`, code, message)
}

// cut ends the connection: without an answer, or in the middle of the one begun.
func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// cutAfter ends the connection when all that was written is sent.
func cutAfter(w http.ResponseWriter) {
	http.NewResponseController(w).Flush()
	cut(w)
}

func section(body string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(body), 0, int64(len(body)))
}

func create(t *testing.T, s *gcs.Store, key, body string) error {
	t.Helper()
	return s.Create(t.Context(), key, section(body), store.ChecksumOf([]byte(body)))
}

func read(t *testing.T, s *gcs.Store, key string, off, n int64) (string, store.Info, error) {
	t.Helper()
	r, info, err := s.Open(t.Context(), key, off, n)
	if err != nil {
		return "", info, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), info, err
}

type listing struct {
	keys []string
	err  error
}

func list(t *testing.T, s *gcs.Store, prefix string) (l listing) {
	t.Helper()
	for info, err := range s.List(t.Context(), prefix, &store.ListOptions{Shallow: true}) {
		if err != nil {
			l.err = err
			break
		}
		l.keys = append(l.keys, info.Key)
	}
	return l
}
