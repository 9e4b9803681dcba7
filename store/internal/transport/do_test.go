package transport_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/transport"
)

func init() { transport.KernelOnLoopback = true }

// An echo answers every request with its body, over one tuned client.
func echo(t *testing.T, tls bool) (url string, c *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			w.Write(b)
		}
	}))
	base := &http.Transport{}
	if tls {
		s.StartTLS()
		base.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	transport.Tune(base)
	return s.URL, &http.Client{Transport: base}
}

// do sends a request of an SDK that has a body of n bytes, in whose place is
// body.
func do(t *testing.T, c *http.Client, method, url string, n int, body *io.SectionReader) (string, error) {
	t.Helper()
	ctx, _ := transport.WithBody(t.Context(), body)
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(strings.Repeat("-", n)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.Do(r, c.Do)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return string(b), err
}

func TestDo(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 100_000)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n := int64(len(text))
	for _, tls := range []bool{false, true} {
		url, c := echo(t, tls)
		for _, section := range []*io.SectionReader{
			io.NewSectionReader(file, 0, n),
			io.NewSectionReader(file, 7, n-9),
			io.NewSectionReader(io.NewSectionReader(io.NewSectionReader(file, 5, n-5), 6, n-11), 7, 100),
			io.NewSectionReader(strings.NewReader(text), 3, n-3),
		} {
			want := make([]byte, section.Size())
			if _, err := section.ReadAt(want, 0); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			for range 2 { // also on a connection that was used before
				got, err := do(t, c, http.MethodPut, url, len(want), section)
				if err != nil || got != string(want) {
					t.Errorf("TLS %v: %d bytes arrived as %d others, %v", tls, len(want), len(got), err)
				}
			}
		}
	}
}

// A section does not end where its file does.
func TestDoShortSection(t *testing.T) {
	file, err := os.Open("do_test.go")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, tls := range []bool{false, true} {
		url, c := echo(t, tls)
		for name, section := range map[string]*io.SectionReader{
			"section": io.NewSectionReader(io.NewSectionReader(file, 0, 100), 50, 51),
			"file":    io.NewSectionReader(file, 0, 1<<20),
			"empty":   io.NewSectionReader(file, 1<<20, 10),
			"memory":  io.NewSectionReader(bytes.NewReader(make([]byte, 99)), 0, 100),
		} {
			var body *transport.BodyError
			_, err := do(t, c, http.MethodPut, url, int(section.Size()), section)
			if !errors.As(err, &body) || !errors.Is(err, store.ErrChecksum) {
				t.Errorf("%s, TLS %v: %v", name, tls, err)
			}
		}
	}
}

// A request that is not the one that the body is for goes as it is: a client may
// have to ask for credentials first.
func TestDoLeavesOthersAlone(t *testing.T) {
	url, c := echo(t, false)
	section := io.NewSectionReader(strings.NewReader("0123456789"), 0, 10)
	for _, r := range []struct {
		method string
		n      int
	}{{http.MethodPost, 10}, {http.MethodPut, 9}, {http.MethodPut, 0}} {
		if got, err := do(t, c, r.method, url, r.n, section); err != nil || got != strings.Repeat("-", r.n) {
			t.Errorf("%s of %d bytes: %q, %v", r.method, r.n, got, err)
		}
	}
}
