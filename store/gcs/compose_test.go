package gcs_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/gcs"
)

// manyParts are 70 parts of a body, of 10 bytes each.
func manyParts() (body string, parts []store.Part) {
	for i := range 70 {
		text := fmt.Sprintf("part %04d ", i)
		parts = append(parts, store.Part{Number: i + 1, Off: int64(len(body)), Size: 10, Sum: store.ChecksumOf([]byte(text))})
		body += text
	}
	return body, parts
}

func putAll(t *testing.T, s *gcs.Store, body string, parts []store.Part) store.Composition {
	t.Helper()
	c, err := s.Compose(t.Context(), "k", int64(len(body)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range parts {
		if parts[i], err = c.Put(t.Context(), p, section(body[p.Off:p.Off+p.Size])); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestComposeOfManyParts(t *testing.T) {
	s := fake(t)
	body, parts := manyParts()
	c := putAll(t, s, body, parts)
	if err := c.Complete(t.Context(), parts, store.ChecksumOf([]byte(body))); err != nil {
		t.Fatal(err)
	}
	if got, _, err := read(t, s, "k", 0, -1); err != nil || got != body {
		t.Errorf("%q, %v", got, err)
	}
	if l := list(t, s, ""); !slices.Equal(l.keys, []string{"k"}) {
		t.Errorf("left: %q, %v", l.keys, l.err)
	}
}

// A joining answers as the service does, with a generation for each object that is
// made and with a checksum, which is crc for all that were joined.
func joining(crc uint32) func(w http.ResponseWriter, r request) {
	var generation atomic.Int64
	return func(w http.ResponseWriter, r request) {
		if r.Method != http.MethodPost {
			io.WriteString(w, "{}")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"name":"x","bucket":"bucket","generation":"%d","crc32c":%q}`, generation.Add(1), encoded(crc))
	}
}

func encoded(crc uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc))
}

type composeRequest struct {
	Destination   struct{ Crc32c string }
	SourceObjects []struct{ Name, Generation string }
}

func TestCompleteRequests(t *testing.T) {
	body, parts := manyParts()
	sum := store.ChecksumOf([]byte(body))
	server, s := script(t, joining(sum.CRC32C))
	c := putAll(t, s, body, parts)
	if err := c.Complete(t.Context(), parts, sum); err != nil {
		t.Fatal(err)
	}
	var joined [4]int // sources of each generation's joining, the last one's at the end
	for _, r := range server.uploads()[len(parts):] {
		var asked composeRequest
		if err := json.Unmarshal([]byte(r.body), &asked); err != nil {
			t.Fatal(err)
		}
		last := strings.HasSuffix(r.URL.Path, "/o/k/compose")
		if got := r.URL.Query()["ifGenerationMatch"]; last != slices.Equal(got, []string{"0"}) {
			t.Errorf("%s: ifGenerationMatch=%q", r.URL.Path, got)
		}
		if last && asked.Destination.Crc32c != encoded(sum.CRC32C) {
			t.Errorf("the object's checksum is sent as %q", asked.Destination.Crc32c)
		}
		for _, source := range asked.SourceObjects {
			if source.Generation == "" {
				t.Errorf("%s: %s in whatever state it is", r.URL.Path, source.Name)
			}
		}
		if last {
			joined[3] = len(asked.SourceObjects)
			continue
		}
		first := parts[slices.IndexFunc(parts, func(p store.Part) bool { return p.Tag == asked.SourceObjects[0].Generation })]
		joined[(first.Number-1)/32] = len(asked.SourceObjects)
	}
	if joined != [4]int{32, 32, 6, 3} {
		t.Errorf("objects of %v parts were joined", joined)
	}
}

// What a server has made of the parts that did not look at the checksum is not left.
func TestCompleteWithOtherBytes(t *testing.T) {
	body, parts := manyParts()
	body, parts = body[:20], parts[:2]
	sum := store.ChecksumOf([]byte(body))
	server, s := script(t, joining(sum.CRC32C+1))
	c := putAll(t, s, body, parts)
	if err := c.Complete(t.Context(), parts, sum); !errors.Is(err, store.ErrChecksum) {
		t.Errorf("%v", err)
	}
	requests := server.got()
	if r := requests[len(requests)-1]; r.Method != http.MethodDelete || r.URL.Query().Get("ifGenerationMatch") != "3" {
		t.Errorf("the last request is %s %s", r.Method, r.URL)
	}
}

func TestCompleteRefused(t *testing.T) {
	body, parts := manyParts()
	body, parts = body[:20], parts[:2]
	sum := store.ChecksumOf([]byte(body))
	for _, c := range []struct {
		code    int
		message string
		want    error
	}{
		{412, "At least one of the pre-conditions you specified did not hold.", fs.ErrExist},
		{400, `Provided CRC32C "AAAAAA==" doesn't match calculated CRC32C "yZRlqg==".`, store.ErrChecksum},
		{404, "Object bucket/k.parts (generation: 1) not found.", fs.ErrNotExist},
		{503, "", store.ErrTemporary},
	} {
		answer := joining(sum.CRC32C)
		server, s := script(t, func(w http.ResponseWriter, r request) {
			if strings.HasSuffix(r.URL.Path, "/compose") {
				refuse(w, c.code, c.message)
				return
			}
			answer(w, r)
		})
		composition := putAll(t, s, body, parts)
		if err := composition.Complete(t.Context(), parts, sum); !means(err, "create", c.want) {
			t.Errorf("%d: %v", c.code, err)
		}
		before := len(server.got())
		if err := composition.Complete(t.Context(), parts, store.Checksum{}); !means(err, "create", store.ErrChecksum) {
			t.Errorf("parts of another object: %v", err)
		}
		if err := composition.Complete(t.Context(), parts[1:], sum); !means(err, "create", fs.ErrInvalid) {
			t.Errorf("too few parts: %v", err)
		}
		if n := len(server.got()) - before; n != 0 {
			t.Errorf("%d requests for what cannot be completed", n)
		}
	}
}

func TestComposeUnderLongKey(t *testing.T) {
	_, s := script(t, func(w http.ResponseWriter, r request) {})
	for n, want := range map[int]error{900: nil, 1000: errors.ErrUnsupported} {
		if _, err := s.Compose(t.Context(), strings.Repeat("k", n), 1, nil); !errors.Is(err, want) {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
	}
}
