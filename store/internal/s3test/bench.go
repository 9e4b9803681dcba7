package s3test

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/group"
)

const (
	benchSize   = 1 << 30
	benchPart   = 16 << 20
	benchAtOnce = 8
)

// Bench measures what it costs this process to move 1 GiB, beside a server on
// the same machine.
func Bench(b *testing.B, s store.Composer) {
	piece := make([]byte, benchPart)
	rand.Read(piece)
	file := bigFile(b, piece)
	parts := partsOf(piece, benchPart)
	for len(parts) < benchSize/benchPart {
		p := parts[0]
		p.Number, p.Off = len(parts)+1, int64(len(parts))*benchPart
		parts = append(parts, p)
	}
	sum, joiner := parts[0].Sum, store.NewJoiner(benchPart)
	for range parts[1:] {
		sum = joiner.Join(sum, parts[0].Sum)
	}
	n := 0
	upload := func(body io.ReaderAt) func(b *testing.B) {
		return func(b *testing.B) {
			measure(b, func() error {
				n++
				return up(b, s, fmt.Sprint("bench-", n), parts, sum, body)
			})
		}
	}
	b.Run("upload of a file", upload(file))
	b.Run("upload of a reader", upload(struct{ io.ReaderAt }{file}))
	b.Run("download", func(b *testing.B) {
		measure(b, func() error { return down(b, s, fmt.Sprint("bench-", n), parts) })
	})
}

func bigFile(b *testing.B, piece []byte) *os.File {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	for range benchSize / len(piece) {
		if _, err := f.Write(piece); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

// measure reports the processor time of this process beside the time.
func measure(b *testing.B, do func() error) {
	b.SetBytes(benchSize)
	before := cpu(b)
	for b.Loop() {
		if err := do(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func up(b *testing.B, s store.Composer, key string, parts []store.Part, sum store.Checksum, body io.ReaderAt) error {
	c, err := s.Compose(b.Context(), key, benchSize, nil)
	if err != nil {
		return err
	}
	stored := make([]store.Part, len(parts))
	g, ctx := group.WithContext(b.Context())
	g.SetLimit(benchAtOnce)
	for i, p := range parts {
		g.Go(func() (err error) {
			stored[i], err = c.Put(ctx, p, io.NewSectionReader(body, p.Off, p.Size))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return c.Complete(b.Context(), stored, sum)
}

func down(b *testing.B, s store.Store, key string, parts []store.Part) error {
	g, ctx := group.WithContext(b.Context())
	g.SetLimit(benchAtOnce)
	for _, p := range parts {
		g.Go(func() error {
			r, _, err := s.Open(ctx, key, p.Off, p.Size)
			if err != nil {
				return err
			}
			defer r.Close()
			n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, make([]byte, 256<<10))
			if err == nil && n != p.Size {
				err = io.ErrUnexpectedEOF
			}
			return err
		})
	}
	return g.Wait()
}
