package gcs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/store"
)

func TestOpenIsOneRequest(t *testing.T) {
	server, s := script(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("X-Goog-Generation", "77")
		w.Header().Set("Content-Range", "bytes 2-4/10")
		w.WriteHeader(http.StatusPartialContent)
		io.WriteString(w, "234")
	})
	body, info, err := read(t, s, "a/k", 2, 3)
	if err != nil || body != "234" || info.Key != "a/k" || info.Size != 10 || info.Token != "77" {
		t.Errorf("%q, %+v, %v", body, info, err)
	}
	requests := server.got()
	if len(requests) != 1 || requests[0].Header.Get("Range") != "bytes=2-4" {
		t.Errorf("%d requests, the first for %q", len(requests), requests[0].Header.Get("Range"))
	}
}

func TestOpenOfLargeObjectHasNoToken(t *testing.T) {
	_, s := script(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("X-Goog-Generation", "77")
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 2-4/%d", store.MaxSwap+1))
		w.WriteHeader(http.StatusPartialContent)
		io.WriteString(w, "234")
	})
	if _, info, err := read(t, s, "k", 2, 3); err != nil || info.Size != store.MaxSwap+1 || info.Token != store.NoToken {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestOpenGivesStoredBytes(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte("text"))
	z.Close()
	_, s := script(t, func(w http.ResponseWriter, r request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q: the server would unpack", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("X-Goog-Generation", "77")
		w.Header().Set("X-Goog-Stored-Content-Encoding", "gzip")
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed.Bytes())
	})
	body, info, err := read(t, s, "k", 0, -1)
	if err != nil || body != packed.String() || info.Size != int64(packed.Len()) {
		t.Errorf("%q, %+v, %v", body, info, err)
	}
}

func TestBrokenStreamIsResumed(t *testing.T) {
	const whole = "0123456789"
	broken := false
	server, s := script(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("X-Goog-Generation", "77")
		if broken {
			w.Header().Set("Content-Range", "bytes 4-9/10")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, whole[4:])
			return
		}
		broken = true
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, whole[:4])
		cutAfter(w)
	})
	if body, _, err := read(t, s, "k", 0, -1); err != nil || body != whole {
		t.Errorf("%q, %v", body, err)
	}
	requests := server.got()
	if len(requests) != 2 || requests[1].Header.Get("Range") != "bytes=4-" || requests[1].URL.Query().Get("generation") != "77" {
		t.Errorf("%d requests, the last %s for %q", len(requests), requests[len(requests)-1].URL, requests[len(requests)-1].Header.Get("Range"))
	}
}

// begin answers with the begin of a longer body, and then ends the connection.
func begin(w http.ResponseWriter) {
	w.Header().Set("X-Goog-Generation", "77")
	w.Header().Set("Content-Length", "10")
	io.WriteString(w, "0123")
	cutAfter(w)
}

func TestStreamEnds(t *testing.T) {
	for name, after := range map[string]func(w http.ResponseWriter){
		"always broken": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 4-9/10")
			w.Header().Set("Content-Length", "6")
			w.WriteHeader(http.StatusPartialContent)
			cutAfter(w)
		},
		"server down":  func(w http.ResponseWriter) { cut(w) },
		"server error": func(w http.ResponseWriter) { refuse(w, 503, "") },
		"deleted":      func(w http.ResponseWriter) { refuse(w, 404, "") },
	} {
		t.Run(name, func(t *testing.T) {
			first := true
			_, s := script(t, func(w http.ResponseWriter, r request) {
				if first {
					first = false
					begin(w)
					return
				}
				after(w)
			})
			body, _, err := read(t, s, "k", 0, -1)
			if body != "0123" || !means(err, "open", store.ErrTemporary) {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
}

func TestStreamWithDamagedBytes(t *testing.T) {
	_, s := script(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("X-Goog-Generation", "77")
		w.Header().Set("X-Goog-Hash", "crc32c=AAAAAA==")
		io.WriteString(w, "damaged")
	})
	if _, _, err := read(t, s, "k", 0, -1); !errors.Is(err, store.ErrTemporary) {
		t.Errorf("bytes that do not match the server's checksum: %v", err)
	}
}

func TestStreamCancelled(t *testing.T) {
	release := make(chan struct{})
	_, s := script(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "0123")
		http.NewResponseController(w).Flush()
		<-release
	})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	r, _, err := s.Open(ctx, "k", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err = r.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrTemporary) {
		t.Errorf("reading with a context that ended: %v", err)
	}
}

func TestListMergesPages(t *testing.T) {
	server, s := script(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("pageToken") == "" {
			io.WriteString(w, `{"nextPageToken":"2","items":[{"name":"a-b","size":"1"},{"name":"a0","size":"1"}],"prefixes":["a/"]}`)
			return
		}
		io.WriteString(w, `{"items":[{"name":"d","size":"1"}],"prefixes":["b/","e/"]}`)
	})
	l := list(t, s, "")
	if want := []string{"a-b", "a/", "a0", "b/", "d", "e/"}; l.err != nil || !slices.Equal(l.keys, want) {
		t.Errorf("%q, %v; want %q", l.keys, l.err, want)
	}
	q := server.got()[0].URL.Query()
	if q.Get("projection") != "noAcl" || q.Get("delimiter") != "/" || !strings.Contains(q.Get("fields"), "prefixes") {
		t.Errorf("asked with %v", q)
	}
}

func TestListEndsWithError(t *testing.T) {
	_, s := script(t, func(w http.ResponseWriter, r request) {
		if r.URL.Query().Get("pageToken") == "" {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"nextPageToken":"2","items":[{"name":"a","size":"1"}]}`)
			return
		}
		refuse(w, 403, "no")
	})
	if l := list(t, s, ""); len(l.keys) != 1 || l.err == nil {
		t.Errorf("%q, %v", l.keys, l.err)
	}
}
