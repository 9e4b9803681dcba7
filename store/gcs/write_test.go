package gcs_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/gcs"
)

func stored(w http.ResponseWriter, generation string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"name":"k","bucket":"bucket","generation":"`+generation+`"}`)
}

func TestWriteRequests(t *testing.T) {
	server, s := script(t, func(w http.ResponseWriter, r request) { stored(w, "77") })
	for _, c := range []struct {
		name, condition string
		write           func() (store.Token, error)
		want            store.Token
	}{
		{"create", "0", func() (store.Token, error) { return "77", create(t, s, "k", "body") }, "77"},
		{"first swap", "0", func() (store.Token, error) { return s.Swap(t.Context(), "k", store.NoToken, []byte("body")) }, "77"},
		{"swap", "42", func() (store.Token, error) { return s.Swap(t.Context(), "k", "42", []byte("body")) }, "77"},
	} {
		before := len(server.uploads())
		token, err := c.write()
		if err != nil || token != c.want {
			t.Fatalf("%s: %q, %v", c.name, token, err)
		}
		uploads := server.uploads()[before:]
		if len(uploads) != 1 {
			t.Fatalf("%s: %d uploads", c.name, len(uploads))
		}
		r, q := uploads[0], uploads[0].URL.Query()
		if got := q["ifGenerationMatch"]; len(got) != 1 || got[0] != c.condition {
			t.Errorf("%s: ifGenerationMatch=%q, want %s", c.name, got, c.condition)
		}
		if q.Get("uploadType") != "multipart" || q.Get("name") != "k" || r.body != "body" {
			t.Errorf("%s: %s with %q", c.name, r.URL, r.body)
		}
		crc := binary.BigEndian.AppendUint32(nil, store.ChecksumOf([]byte("body")).CRC32C)
		if got := r.meta["crc32c"]; got != base64.StdEncoding.EncodeToString(crc) {
			t.Errorf("%s: crc32c %v", c.name, got)
		}
	}
}

func TestEmptyBodyHasChecksum(t *testing.T) {
	server, s := script(t, func(w http.ResponseWriter, r request) { stored(w, "1") })
	if err := create(t, s, "k", ""); err != nil {
		t.Fatal(err)
	}
	if got := server.uploads()[0].meta["crc32c"]; got != "AAAAAA==" {
		t.Errorf("crc32c %v", got)
	}
}

// writes are the ways to send an upload.
var writes = map[string]func(ctx context.Context, s *gcs.Store, body string) error{
	"create": func(ctx context.Context, s *gcs.Store, body string) error {
		return s.Create(ctx, "k", section(body), store.ChecksumOf([]byte(body)))
	},
	"first swap": func(ctx context.Context, s *gcs.Store, body string) error {
		_, err := s.Swap(ctx, "k", store.NoToken, []byte(body))
		return err
	},
	"swap": func(ctx context.Context, s *gcs.Store, body string) error {
		_, err := s.Swap(ctx, "k", "42", []byte(body))
		return err
	},
}

func TestWritesAreSentOnce(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"408":       func(w http.ResponseWriter) { refuse(w, 408, "") },
		"429":       func(w http.ResponseWriter) { refuse(w, 429, "The object exceeded the rate limit") },
		"500":       func(w http.ResponseWriter) { refuse(w, 500, "") },
		"503":       func(w http.ResponseWriter) { refuse(w, 503, "") },
		"cut":       cut,
		"no answer": func(w http.ResponseWriter) { io.WriteString(w, "<html>a proxy</html>") },
		"half an answer": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"name":`)
			cutAfter(w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			warm := true // the connection is in use before, as it mostly is
			server, s := script(t, func(w http.ResponseWriter, r request) {
				if warm {
					stored(w, "1")
					return
				}
				answer(w)
			})
			if err := create(t, s, "warm", ""); err != nil {
				t.Fatal(err)
			}
			warm = false
			for op, write := range writes {
				before := len(server.got())
				err := write(t.Context(), s, strings.Repeat("body ", 100_000))
				if !errors.Is(err, store.ErrTemporary) || !isLine(err) {
					t.Errorf("%s: %v", op, err)
				}
				if n := len(server.got()) - before; n != 1 {
					t.Errorf("%s: %d requests", op, n)
				}
			}
		})
	}
}

// TestBrokenBody makes sure that a body that cannot be read to its end never
// reaches the server as a whole request.
func TestBrokenBody(t *testing.T) {
	server, s := script(t, func(w http.ResponseWriter, r request) { stored(w, "1") })
	broken := errors.New("the disk is broken")
	body := io.NewSectionReader(brokenAt{3 << 20, broken}, 0, 8<<20)
	for range 20 {
		if err := s.Create(t.Context(), "k", body, store.Checksum{}); !errors.Is(err, broken) || errors.Is(err, store.ErrTemporary) {
			t.Fatalf("a body that cannot be read: %v", err)
		}
	}
	server.settle(t)
	for _, r := range server.got() {
		if r.err == nil {
			t.Error("the server saw a whole request")
		}
	}
}

func TestCancelledUpload(t *testing.T) {
	server, s := script(t, func(w http.ResponseWriter, r request) { stored(w, "1") })
	ctx, cancel := context.WithCancel(t.Context())
	body := io.NewSectionReader(cancelAt{3 << 20, cancel}, 0, 8<<20)
	if err := s.Create(ctx, "k", body, store.Checksum{}); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrTemporary) {
		t.Errorf("Create with a context that ends: %v", err)
	}
	server.settle(t)
	for _, r := range server.got() {
		if r.err == nil {
			t.Error("the server saw a whole request")
		}
	}
}

type brokenAt struct {
	off int64
	err error
}

func (b brokenAt) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.off {
		return 0, b.err
	}
	return len(p), nil
}

type cancelAt struct {
	off    int64
	cancel context.CancelFunc
}

func (c cancelAt) ReadAt(p []byte, off int64) (int, error) {
	if off >= c.off {
		c.cancel()
	}
	return len(p), nil
}

// settle waits until the server has noticed that a request was broken off.
func (s *scripted) settle(t *testing.T) {
	t.Helper()
	for range 500 {
		if len(s.got()) > 0 {
			time.Sleep(50 * time.Millisecond)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no request arrived")
}

func TestSwapRefused(t *testing.T) {
	exists := true
	server, s := script(t, func(w http.ResponseWriter, r request) {
		switch {
		case r.Method == http.MethodPost:
			refuse(w, 412, "At least one of the pre-conditions you specified did not hold.")
		case exists:
			stored(w, "9")
		default:
			refuse(w, 404, "No such object: bucket/k")
		}
	})
	swap := func(old store.Token) error {
		_, err := s.Swap(t.Context(), "k", old, nil)
		return err
	}
	if err := swap("42"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("another state: %v", err)
	}
	if err := swap(store.NoToken); !errors.Is(err, store.ErrConflict) {
		t.Errorf("an object where none is expected: %v", err)
	}
	before := len(server.uploads())
	for _, old := range []store.Token{"0", "-1", "b5d4045c"} {
		if err := swap(old); !errors.Is(err, store.ErrConflict) {
			t.Errorf("token %q: %v", old, err)
		}
	}
	if n := len(server.uploads()) - before; n != 0 {
		t.Errorf("%d uploads for tokens that are none", n)
	}
	exists = false
	if err := swap("42"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no object: %v", err)
	}
}
