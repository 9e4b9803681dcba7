package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/crc64nvme"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

// Open returns a driver's Store in the bucket "bucket" of the server at
// endpoint, host:port, over plain HTTP, with some credentials.
type Open func(t *testing.T, endpoint string) store.Store

// Run runs all tests.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"requests", requests},
		{"answers", answers},
		{"conditional writes are sent once", writesOnce},
		{"all else is sent once", once},
		{"complete", complete},
		{"copies", copies},
		{"requests of copies", requestsOfCopies},
		{"cut body", cutBody},
		{"short file", shortFile},
		{"cut request", cutRequest},
		{"stuck request", stuckRequest},
		{"early answer", earlyAnswer},
		{"server down", serverDown},
		{"context", contextEnds},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// Refusals runs the tests that need a server which is as it should be. The
// Stores are one with wrong credentials, and one in a bucket that does not
// exist.
func Refusals(t *testing.T, stranger, nowhere store.Store) {
	for op, do := range operations {
		err := do(t.Context(), stranger)
		expect(t, op, err, fs.ErrPermission)
		err = do(t.Context(), nowhere)
		expect(t, op, err, store.ErrNoStore)
		if !strings.HasSuffix(err.Error(), ": nowhere") {
			t.Errorf("does not name the bucket: %v", err)
		}
	}
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func create(ctx context.Context, s store.Store, n int) error {
	b := make([]byte, n)
	return s.Create(ctx, "key", section(b), store.ChecksumOf(b))
}

// operations are those of a Store on "key". Each is one request if that fails.
var operations = map[string]func(ctx context.Context, s store.Store) error{
	"create":  func(ctx context.Context, s store.Store) error { return create(ctx, s, 10) },
	"compose": func(ctx context.Context, s store.Store) error { return compose(ctx, s, large) },
	"swap": func(ctx context.Context, s store.Store) error {
		_, err := s.Swap(ctx, "key", "old", []byte("body"))
		return err
	},
	"delete": func(ctx context.Context, s store.Store) error { return s.Delete(ctx, "key") },
	"stat":   func(ctx context.Context, s store.Store) error { _, err := s.Stat(ctx, "key"); return err },
	"open":   func(ctx context.Context, s store.Store) error { _, err := read(ctx, s); return err },
	"list": func(ctx context.Context, s store.Store) error {
		for _, err := range s.List(ctx, "key", nil) {
			return err
		}
		return nil
	},
}

func read(ctx context.Context, s store.Store) ([]byte, error) {
	r, _, err := s.Open(ctx, "key", 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

var sentinels = []error{
	fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, fs.ErrInvalid, context.Canceled, context.DeadlineExceeded,
	store.ErrConflict, store.ErrNoStore, store.ErrChecksum, store.ErrTemporary, store.ErrThrottled, errors.ErrUnsupported,
}

// expect checks that err is want and nothing else that the contract names, and
// that it tells the operation and the key on one line.
func expect(t *testing.T, op string, err, want error) {
	t.Helper()
	if op == "compose" {
		op = "create"
	}
	var located *store.Error
	if !errors.As(err, &located) || located.Op != op || located.Key != "key" || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
		t.Errorf("%s: %v", op, err)
		return
	}
	for _, s := range sentinels {
		if errors.Is(err, s) != (s == want || want != nil && errors.Is(want, s)) {
			t.Errorf("%s: got %v, want %v", op, err, want)
		}
	}
}

// requests checks that writes carry their conditions and checksums, in plain
// headers, and nothing that makes them slow.
func requests(t *testing.T, open Open) {
	f := start(t, func(w http.ResponseWriter, kind string, n int) { succeed(w, kind) })
	s := open(t, f.Endpoint)
	for _, n := range []int{0, 10} {
		if err := create(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := compose(t.Context(), s, large); err != nil {
		t.Fatal(err)
	}
	const unsigned = "UNSIGNED-PAYLOAD"
	whole := make([]byte, large)
	algorithm := f.headers["begin"].Get("X-Amz-Checksum-Algorithm")
	crc, ok := crcs[algorithm]
	if !ok {
		t.Fatalf("an upload begins with the checksum algorithm %q", algorithm)
	}
	sum := "X-Amz-Checksum-" + algorithm
	for kind, want := range map[string]map[string]string{
		"put":   {"If-None-Match": "*", sum: crc(whole[:10]), "X-Amz-Content-Sha256": unsigned, "Content-Length": "10"},
		"begin": {"X-Amz-Checksum-Type": "FULL_OBJECT"},
		"part": {
			"X-Amz-Content-Sha256": unsigned, sum: crc(whole[2*partSize:]), "Content-Length": fmt.Sprint(large - 2*partSize),
		},
		"complete": {
			"If-None-Match": "*", sum: crc(whole), "X-Amz-Checksum-Type": "FULL_OBJECT",
		},
	} {
		got := f.headers[kind]
		for name, value := range want {
			if got.Get(name) != value {
				t.Errorf("%s: %s: got %q, want %q", kind, name, got.Get(name), value)
			}
		}
		for _, name := range []string{"Expect", "X-Amz-Trailer", "X-Amz-Decoded-Content-Length"} {
			if got.Get(name) != "" {
				t.Errorf("%s: %s: %q", kind, name, got.Get(name))
			}
		}
	}
	if err := operations["swap"](t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if h := f.headers["put"]; h.Get("If-Match") == "" || h.Get("If-None-Match") != "" {
		t.Errorf("a swap has the headers %v", h)
	}
	if n := f.count("location") + f.count("bucket") + f.count("stat"); n != 0 {
		t.Errorf("%d requests that nobody asked for", n)
	}
}

// crcs are the checksums that a driver may have a server check, computed by others.
var crcs = map[string]func(b []byte) string{
	"CRC64NVME": func(b []byte) string { return s3api.CRC64(crc64nvme.Checksum(b)) },
	"CRC32C":    func(b []byte) string { return s3api.CRC32C(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))) },
}

func answers(t *testing.T, open Open) {
	all := slices.Sorted(maps.Keys(operations))
	for _, c := range []struct {
		status int
		code   string
		ops    []string
		want   error
	}{
		{401, "", all, fs.ErrPermission},
		{403, "AccessDenied", all, fs.ErrPermission},
		{403, "SignatureDoesNotMatch", all, fs.ErrPermission},
		{400, "ExpiredToken", []string{"create", "swap"}, fs.ErrPermission},
		{403, "RequestTimeTooSkewed", []string{"create", "swap"}, fs.ErrPermission},
		{404, "NoSuchKey", []string{"open", "stat", "swap"}, fs.ErrNotExist},
		{404, "NoSuchBucket", []string{"create", "compose", "swap", "delete", "open", "list"}, store.ErrNoStore},
		{412, "PreconditionFailed", []string{"create"}, fs.ErrExist},
		{412, "PreconditionFailed", []string{"swap"}, store.ErrConflict},
		{409, "ConditionalRequestConflict", []string{"create", "swap"}, store.ErrTemporary},
		{409, "OperationAborted", []string{"create", "swap"}, store.ErrTemporary},
		{400, "BadDigest", []string{"create"}, store.ErrChecksum},
		{400, "XAmzContentChecksumMismatch", []string{"create"}, store.ErrChecksum},
		{400, "RequestTimeout", []string{"create"}, store.ErrTemporary},
		{400, "EntityTooLarge", []string{"create"}, nil},
		{501, "NotImplemented", []string{"create", "swap", "list"}, nil},
		{429, "", all, store.ErrThrottled},
		{500, "InternalError", all, store.ErrTemporary},
		{502, "", all, store.ErrTemporary},
		{503, "", all, store.ErrThrottled},
		{503, "SlowDown", all, store.ErrThrottled},
		{503, "SlowDownWrite", []string{"create", "swap"}, store.ErrThrottled},
		{400, "RequestLimitExceeded", []string{"create", "swap"}, store.ErrThrottled},
	} {
		for _, op := range c.ops {
			t.Run(op+" "+http.StatusText(c.status)+" "+c.code, func(t *testing.T) {
				t.Parallel()
				f := start(t, func(w http.ResponseWriter, kind string, n int) {
					if kind == "bucket" {
						return // it exists
					}
					refuse(w, c.status, c.code)
				})
				expect(t, op, operations[op](t.Context(), open(t, f.Endpoint)), c.want)
			})
		}
	}
}

// failures are those after which a client may be tempted to try again.
var failures = map[string]func(w http.ResponseWriter){
	"500":         func(w http.ResponseWriter) { refuse(w, 500, "InternalError") },
	"408":         func(w http.ResponseWriter) { refuse(w, 408, "") },
	"409":         func(w http.ResponseWriter) { refuse(w, 409, "ConditionalRequestConflict") },
	"cut":         cut,
	"half answer": halfAnswer,
}

// halfAnswer ends the connection in the middle of an error.
func halfAnswer(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000")
	refuse(w, 500, "InternalError")
	w.(http.Flusher).Flush()
	cut(w)
}

func writesOnce(t *testing.T, open Open) {
	for name, fail := range failures {
		for _, op := range []string{"create", "swap"} {
			t.Run(op+" "+name, func(t *testing.T) {
				f := start(t, func(w http.ResponseWriter, kind string, n int) {
					if n <= 2 {
						succeed(w, kind)
						return
					}
					fail(w)
				})
				s := open(t, f.Endpoint)
				for range 2 { // net/http has its own reasons to repeat on a connection used before
					if err := operations[op](t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
				expect(t, op, operations[op](t.Context(), s), store.ErrTemporary)
				if n := f.count("put"); n != 3 {
					t.Errorf("%d requests for one", n-2)
				}
			})
		}
	}
}

// once checks that nothing is tried again below the caller, who counts.
func once(t *testing.T, open Open) {
	for _, c := range []struct {
		kind string
		do   func(ctx context.Context, s store.Store) error
		op   string
	}{
		{"stat", operations["stat"], "stat"},
		{"open", operations["open"], "open"},
		{"list", operations["list"], "list"},
		{"delete", operations["delete"], "delete"},
		{"begin", operations["compose"], "create"},
		{"part", operations["compose"], "create"},
		{"complete", operations["compose"], "create"},
		{"copy", copying, "create"},
		{"uploads", compositions, "create"},
		{"parts", compositions, "create"},
	} {
		for name, fail := range failures {
			if c.kind == "stat" && name == "409" {
				continue // which is of its code, and a HEAD request has none
			}
			if c.kind == "parts" && name == "cut" {
				continue // net/http reads again by itself on a connection used before
			}
			t.Run(c.kind+" "+name, func(t *testing.T) {
				f := start(t, func(w http.ResponseWriter, kind string, n int) {
					if kind == c.kind {
						fail(w)
						return
					}
					succeed(w, kind)
				})
				expect(t, c.op, c.do(t.Context(), open(t, f.Endpoint)), store.ErrTemporary)
				if n := f.count(c.kind); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
}

func cutBody(t *testing.T, open Open) {
	f := start(t, func(w http.ResponseWriter, kind string, n int) {
		w.Header().Set("Content-Length", "1000")
		succeed(w, kind)
		io.WriteString(w, "ten bytes.")
		w.(http.Flusher).Flush()
		cut(w)
	})
	got, err := read(t.Context(), open(t, f.Endpoint))
	expect(t, "open", err, store.ErrTemporary)
	if string(got) != "ten bytes." {
		t.Errorf("read %q", got)
	}
}

func serverDown(t *testing.T, open Open) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := open(t, l.Addr().String())
	for op, do := range operations {
		began := time.Now()
		expect(t, op, do(t.Context(), s), store.ErrTemporary)
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%s took %v", op, d)
		}
	}
}

func contextEnds(t *testing.T, open Open) {
	stop, waiting := make(chan struct{}), make(chan struct{}, 100)
	f := start(t, func(w http.ResponseWriter, kind string, n int) {
		if kind == "begin" || kind == "abort" {
			succeed(w, kind)
			return
		}
		waiting <- struct{}{}
		<-stop
	})
	defer close(stop)
	s := open(t, f.Endpoint)
	for op, do := range operations {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-waiting; cancel() }()
		began := time.Now()
		expect(t, op, do(ctx, s), context.Canceled)
		cancel()
		ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
		expect(t, op, do(ctx, s), context.DeadlineExceeded)
		cancel()
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%s took %v to notice", op, d)
		}
		for len(waiting) > 0 { // of further parts, and of the second call
			<-waiting
		}
	}
}
