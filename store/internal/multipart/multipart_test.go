package multipart_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/minio/crc64nvme"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/group"
	"github.com/cairnstore/cairn/store/internal/multipart"
)

func TestPartSize(t *testing.T) {
	const mib, gib, tib = 1 << 20, 1 << 30, 1 << 40
	for _, c := range []struct{ total, want int64 }{
		{1, 16 * mib},
		{100 * gib, 16 * mib},
		{10_000 * 16 * mib, 16 * mib},
		{10_000*16*mib + 1, 32 * mib},
		{5 * tib, gib},
	} {
		if got := multipart.PartSize(c.total); got != c.want {
			t.Errorf("PartSize(%d) = %d, want %d", c.total, got, c.want)
		}
	}
}

// upload checks the parts and forgets them. The hooks make a call fail.
type upload struct {
	mu       sync.Mutex
	calls    map[int32]int
	now, max int
	got      []multipart.Part
	aborted  bool
	ctxErr   error
	part     func(p multipart.Part, call int) error
	complete error
}

func newUpload() *upload { return &upload{calls: map[int32]int{}} }

func (u *upload) Part(ctx context.Context, p multipart.Part, body *io.SectionReader) (string, error) {
	u.mu.Lock()
	u.calls[p.Number]++
	call := u.calls[p.Number]
	u.now++
	u.max = max(u.max, u.now)
	u.mu.Unlock()
	h := crc64nvme.New()
	_, err := io.Copy(h, body)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.now--
	if err == nil && h.Sum64() != p.CRC64NVME {
		err = errors.New("wrong checksum")
	}
	if err == nil && u.part != nil {
		err = u.part(p, call)
	}
	return fmt.Sprint("etag ", p.Number), err
}

func (u *upload) Complete(ctx context.Context, parts []multipart.Part) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.got = parts
	return u.complete
}

func (u *upload) Abort(ctx context.Context) { u.aborted, u.ctxErr = true, ctx.Err() }

func body(n int) ([]byte, *io.SectionReader) {
	b := make([]byte, n)
	for i := 0; i < n; i += 1000 {
		b[i] = byte(i / 1000)
	}
	return b, io.NewSectionReader(bytes.NewReader(b), 0, int64(n))
}

func TestUpload(t *testing.T) {
	b, r := body(10*multipart.MinPart + 1)
	u := newUpload()
	u.part = func(p multipart.Part, call int) error {
		if p.Number == 3 && call < 3 {
			return fmt.Errorf("%w: try again", store.ErrTemporary)
		}
		return nil
	}
	if err := multipart.New().Upload(t.Context(), u, r); err != nil {
		t.Fatal(err)
	}
	for i, p := range u.got {
		n := min(multipart.MinPart, len(b))
		want := multipart.Part{Number: int32(i + 1), ETag: fmt.Sprint("etag ", i+1), CRC64NVME: crc64nvme.Checksum(b[:n])}
		if b = b[n:]; p != want {
			t.Fatalf("got part %+v, want %+v", p, want)
		}
	}
	if len(b) > 0 {
		t.Fatalf("%d bytes are in no part", len(b))
	}
	if u.aborted || u.max > 8 || u.calls[3] != 3 {
		t.Fatalf("aborted %v, %d parts in flight, part 3 tried %d times", u.aborted, u.max, u.calls[3])
	}
}

func TestOneLimitForAllUploads(t *testing.T) {
	up, u := multipart.New(), newUpload()
	var uploads sync.WaitGroup
	for range 3 {
		uploads.Go(func() {
			_, r := body(6 * multipart.MinPart)
			if err := up.Upload(t.Context(), u, r); err != nil {
				t.Error(err)
			}
		})
	}
	uploads.Wait()
	if u.max > 8 {
		t.Fatalf("%d parts in flight", u.max)
	}
}

func TestFailureAborts(t *testing.T) {
	lasting := errors.New("lasting")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name     string
		ctx      context.Context
		part     error
		complete error
		want     error
		tries    int
	}{
		{"part", t.Context(), lasting, nil, lasting, 1},
		{"temporary", t.Context(), store.ErrTemporary, nil, store.ErrTemporary, 3},
		{"complete", t.Context(), nil, lasting, lasting, 1},
		{"cancelled", cancelled, nil, nil, context.Canceled, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, r := body(2 * multipart.MinPart)
			u := newUpload()
			u.complete = c.complete
			u.part = func(p multipart.Part, _ int) error {
				if p.Number == 2 {
					return c.part
				}
				return nil
			}
			if err := multipart.New().Upload(c.ctx, u, r); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if !u.aborted || u.ctxErr != nil || c.tries > 0 && u.calls[2] != c.tries {
				t.Fatalf("aborted %v with %v after %d tries", u.aborted, u.ctxErr, u.calls[2])
			}
		})
	}
}

func TestShortBody(t *testing.T) {
	b, _ := body(2 * multipart.MinPart)
	r := io.NewSectionReader(bytes.NewReader(b[:len(b)-7]), 0, int64(len(b)))
	u := newUpload()
	err := multipart.New().Upload(t.Context(), u, r)
	if err == nil || errors.Is(err, store.ErrTemporary) || !u.aborted || slices.Contains(u.got, multipart.Part{}) {
		t.Fatalf("got %v, aborted %v", err, u.aborted)
	}
}

func TestPanicAborts(t *testing.T) {
	_, r := body(2 * multipart.MinPart)
	u := newUpload()
	u.part = func(multipart.Part, int) error { panic("bug") }
	defer func() {
		if _, ok := recover().(*group.Panic); !ok || !u.aborted {
			t.Fatalf("aborted %v", u.aborted)
		}
	}()
	multipart.New().Upload(t.Context(), u, r)
}
