package s3test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/transport"
)

// A source is a file that is being sent.
type source struct {
	file *os.File
	sent atomic.Int64
	read atomic.Int64
}

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.file.ReadAt(p, off)
	s.read.Add(int64(n))
	return n, err
}

// File implements [store.FileReader].
func (s *source) File() *os.File { return s.file }

// Sent implements [store.FileReader].
func (s *source) Sent(off, n int64) { s.sent.Add(n) }

func newSource(t testing.TB, b []byte) *source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &source{file: f}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

func init() { transport.KernelOnLoopback = true } // where all servers of tests are

// Files runs the tests of bodies that are files, against a server that is as it
// should be and speaks plain HTTP. The two Stores are those of two processes.
func Files(t *testing.T, s, other store.Composer) {
	t.Run("sent by the kernel", func(t *testing.T) { byKernel(t, s) })
	t.Run("changed", func(t *testing.T) { changed(t, s) })
	t.Run("found again", func(t *testing.T) { foundAgain(t, s, other) })
}

func byKernel(t *testing.T, s store.Composer) {
	b := pattern(2*partSize + 1000)
	src := newSource(t, b)
	ctx, inner := t.Context(), io.NewSectionReader(src, 500, int64(len(b))-500)
	body := b[1000:]
	whole := io.NewSectionReader(inner, 500, inner.Size()-500)
	whole.Seek(7, io.SeekStart) // where somebody reads it
	if err := s.Create(ctx, "file", whole, store.ChecksumOf(body)); err != nil {
		t.Fatal(err)
	}
	if at, _ := whole.Seek(0, io.SeekCurrent); at != 7 {
		t.Errorf("the body is read on at %d", at)
	}
	c, err := s.Compose(ctx, "parts", int64(len(body)), nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := partsOf(body, partSize)
	for i, p := range parts {
		if parts[i], err = c.Put(ctx, p, io.NewSectionReader(src, 1000+p.Off, p.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Complete(ctx, parts, store.ChecksumOf(body)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"file", "parts"} {
		same(t, s, key, body)
	}
	sent, read := src.sent.Load(), src.read.Load()
	if sent+read != 2*int64(len(body)) || runtime.GOOS == "linux" && read != 0 {
		t.Errorf("of %d bytes the kernel has sent %d, and %d were read", 2*len(body), sent, read)
	}
	if at, err := src.file.Seek(0, io.SeekCurrent); at != 0 || err != nil {
		t.Errorf("the file is read on at %d, %v", at, err)
	}
}

func same(t *testing.T, s store.Store, key string, want []byte) {
	t.Helper()
	r, _, err := s.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != string(want) {
		t.Errorf("%s: %d bytes came back as %d others, %v", key, len(want), len(got), err)
	}
}

func changed(t *testing.T, s store.Composer) {
	b := pattern(partSize)
	sum := store.ChecksumOf(b)
	b[partSize/2]++
	src := newSource(t, b)
	whole := io.NewSectionReader(src, 0, partSize)
	if err := s.Create(t.Context(), "changed", whole, sum); !errors.Is(err, store.ErrChecksum) {
		t.Errorf("create: %v", err)
	}
	for _, o := range []*store.ComposeOptions{nil, {Copies: true}} {
		c, err := s.Compose(t.Context(), "changed", partSize, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), store.Part{Number: 1, Size: partSize, Sum: sum}, whole); !errors.Is(err, store.ErrChecksum) {
			t.Errorf("put with %+v: %v", o, err)
		}
		c.Abort(t.Context())
	}
}

// foundAgain is about an upload that another process goes on with.
func foundAgain(t *testing.T, s, other store.Composer) {
	b := pattern(large)
	ctx, parts := t.Context(), partsOf(b, partSize)
	begun, err := s.Compose(ctx, "again", large, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{2, 0} {
		if _, err := begun.Put(ctx, parts[i], section(b[parts[i].Off:parts[i].Off+parts[i].Size])); err != nil {
			t.Fatal(err)
		}
	}
	for _, neighbour := range []string{"again0", "again/below", "agai"} {
		if _, err := s.Compose(ctx, neighbour, large, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Compose(ctx, "again", large, &store.ComposeOptions{Copies: true}); err != nil {
		t.Fatal(err)
	}
	all, err := other.Compositions(ctx, "again")
	if err != nil || len(all) != 2 {
		t.Fatalf("%d compositions, %v", len(all), err)
	}
	asked := append([]store.Part(nil), parts...)
	asked[0].Sum = store.ChecksumOf(nil) // the file has changed since
	var begunBefore store.Composition
	for _, c := range all {
		found, err := c.Find(ctx, asked)
		switch {
		case err != nil:
			t.Fatal(err)
		case len(found) == 0: // the one with copies, which is there to be discarded
			c.Abort(ctx)
		case len(found) != 1 || found[0].Number != 3 || found[0].Tag == "":
			t.Fatalf("found %+v", found)
		default:
			begunBefore, parts[2] = c, found[0]
		}
	}
	if begunBefore == nil {
		t.Fatal("nothing was found")
	}
	for i := range parts[:2] {
		if parts[i], err = begunBefore.Put(ctx, parts[i], section(b[parts[i].Off:parts[i].Off+parts[i].Size])); err != nil {
			t.Fatal(err)
		}
	}
	if err := begunBefore.Complete(ctx, parts, store.ChecksumOf(b)); err != nil {
		t.Fatal(err)
	}
	same(t, s, "again", b)
	if all, err := other.Compositions(ctx, "again"); err != nil || len(all) != 0 {
		t.Errorf("%d compositions of an object that is there, %v", len(all), err)
	}
}

// sending is how a body is sent: alone, and as a part.
var sending = map[string]func(ctx context.Context, s store.Store, body *io.SectionReader, sum store.Checksum) error{
	"create": func(ctx context.Context, s store.Store, body *io.SectionReader, sum store.Checksum) error {
		return s.Create(ctx, "key", body, sum)
	},
	"put": func(ctx context.Context, s store.Store, body *io.SectionReader, sum store.Checksum) error {
		c, err := s.(store.Composer).Compose(ctx, "key", body.Size(), nil)
		if err != nil {
			return err
		}
		_, err = c.Put(ctx, store.Part{Number: 1, Size: body.Size(), Sum: sum}, body)
		return err
	},
}

// shortFile is about a file that has less than it had.
func shortFile(t *testing.T, open Open) {
	f := start(t, func(w http.ResponseWriter, kind string, n int) { succeed(w, kind) })
	s, b := open(t, f.Endpoint), pattern(large)
	src := newSource(t, b[:large-100])
	for name, body := range map[string]*io.SectionReader{
		"file":            io.NewSectionReader(src, 0, large),
		"all of the file": io.NewSectionReader(src, large-100, 100),
		"memory":          io.NewSectionReader(io.NewSectionReader(src, 0, 1000), 0, large),
	} {
		for op, send := range sending {
			t.Run(op+" "+name, func(t *testing.T) {
				expect(t, "create", send(t.Context(), s, body, store.ChecksumOf(b)), store.ErrChecksum)
			})
		}
	}
}

// cutRequest is about a connection that is reset while a body is sent.
func cutRequest(t *testing.T, open Open) {
	f := startRude(t, func(w http.ResponseWriter, r *http.Request) {
		io.CopyN(io.Discard, r.Body, 1<<20)
		reset(w)
	})
	s, b := open(t, f.Endpoint), pattern(32<<20)
	src := newSource(t, b)
	for op, send := range sending {
		expect(t, "create", send(t.Context(), s, io.NewSectionReader(src, 0, int64(len(b))), store.ChecksumOf(b)), store.ErrTemporary)
		if n := f.count(map[string]string{"create": "put", "put": "part"}[op]); n != 1 {
			t.Errorf("%s: %d requests", op, n)
		}
	}
}

// stuckRequest is about a server that takes no more of a body.
func stuckRequest(t *testing.T, open Open) {
	stop, waiting := make(chan struct{}), make(chan struct{})
	f := startRude(t, func(w http.ResponseWriter, r *http.Request) {
		io.CopyN(io.Discard, r.Body, 1<<20)
		waiting <- struct{}{}
		<-stop
	})
	defer close(stop)
	s, b := open(t, f.Endpoint), pattern(32<<20)
	src := newSource(t, b)
	for op, send := range sending {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-waiting; cancel() }()
		expect(t, "create", send(ctx, s, io.NewSectionReader(src, 0, int64(len(b))), store.ChecksumOf(b)), context.Canceled)
		if n := src.sent.Load() + src.read.Load(); n == 0 || n >= int64(len(b)) {
			t.Errorf("%s: %d bytes were sent to a server that takes 1 MiB", op, n)
		}
		src.sent.Store(0)
		src.read.Store(0)
	}
}

// earlyAnswer is about a server that refuses a body before it has all of it, and
// closes the connection.
func earlyAnswer(t *testing.T, open Open) {
	f := startRude(t, func(w http.ResponseWriter, r *http.Request) {
		io.CopyN(io.Discard, r.Body, 1<<20)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n")
		conn.Close() // resets it, since there is more to read
	})
	s, b := open(t, f.Endpoint), pattern(32<<20)
	src := newSource(t, b)
	for op, send := range sending {
		for range 10 {
			if err := send(t.Context(), s, io.NewSectionReader(src, 0, int64(len(b))), store.ChecksumOf(b)); !errors.Is(err, fs.ErrExist) {
				t.Errorf("%s: %v", op, err)
			}
		}
	}
}
