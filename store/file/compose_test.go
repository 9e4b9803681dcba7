package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/file"
	"github.com/cairnstore/cairn/store/storetest"
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// halves begins to compose "k", and returns what its two parts are.
func halves(t *testing.T, s *file.Store) (store.Composition, []byte, []store.Part) {
	t.Helper()
	const half = 300_000
	body := random(2 * half)
	c, err := s.Compose(t.Context(), "k", 2*half, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, body, []store.Part{
		{Number: 1, Size: half, Sum: store.ChecksumOf(body[:half])},
		{Number: 2, Off: half, Size: half, Sum: store.ChecksumOf(body[half:])},
	}
}

func put(t *testing.T, c store.Composition, p store.Part, body []byte) error {
	t.Helper()
	_, err := c.Put(t.Context(), p, io.NewSectionReader(bytes.NewReader(body), p.Off, p.Size))
	return err
}

func found(t *testing.T, s *file.Store) store.Composition {
	t.Helper()
	all, err := s.Compositions(t.Context(), "k")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d compositions, %v", len(all), err)
	}
	return all[0]
}

// Another process goes on with what one has begun, and then that one cannot.
func TestParked(t *testing.T) {
	dir := t.TempDir()
	first, body, parts := halves(t, file.New(dir))
	if err := put(t, first, parts[0], body); err != nil {
		t.Fatal(err)
	}
	s := file.New(dir)
	second := found(t, s)
	have, err := second.Find(t.Context(), parts)
	if err != nil || len(have) != 1 || have[0] != parts[0] {
		t.Fatalf("found %+v, %v", have, err)
	}
	if err := put(t, first, parts[1], body); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the first process writes on: %v", err)
	}
	if err := put(t, second, parts[1], body); err != nil {
		t.Fatal(err)
	}
	if err := second.Complete(t.Context(), parts, store.ChecksumOf(body)); err != nil {
		t.Fatal(err)
	}
	if err := first.Complete(t.Context(), parts, store.ChecksumOf(body)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("what the second has completed, the first has too: %v", err)
	}
	if got, _, err := storetest.Read(t.Context(), s, "k"); err != nil || !bytes.Equal(got, body) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if st, err := os.Stat(filepath.Join(dir, "k")); err != nil || st.Mode().Perm() != 0o444 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

// What lies in the file decides, whatever was written to it once.
func TestFindReadsParts(t *testing.T) {
	dir := t.TempDir()
	c, body, parts := halves(t, file.New(dir))
	for _, p := range parts {
		if err := put(t, c, p, body); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, ".tmp", "*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	f, err := os.OpenFile(names[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{body[100] ^ 1}, 100); err != nil {
		t.Fatal(err)
	}
	have, err := found(t, file.New(dir)).Find(t.Context(), parts)
	if err != nil || len(have) != 1 || have[0] != parts[1] {
		t.Errorf("found %+v, %v", have, err)
	}
}

// A part that was overwritten by a bad one is not there any more.
func TestBadPartOverGoodOne(t *testing.T) {
	c, body, parts := halves(t, file.New(t.TempDir()))
	for _, p := range parts {
		if err := put(t, c, p, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(t, c, parts[0], body[1:]); !errors.Is(err, store.ErrChecksum) {
		t.Errorf("other bytes: %v", err)
	}
	if err := c.Complete(t.Context(), parts, store.ChecksumOf(body)); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("completed with a part that is not whole: %v", err)
	}
}

func TestSweepOfCompositions(t *testing.T) {
	dir := t.TempDir()
	s := file.New(dir)
	c, body, parts := halves(t, s)
	if err := put(t, c, parts[0], body); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, ".tmp", "*"))
	for _, age := range []struct {
		age  time.Duration
		left int
	}{{file.Parked - time.Hour, 1}, {file.Parked + time.Hour, 0}} {
		then := time.Now().Add(-age.age)
		if err := os.Chtimes(names[0], then, then); err != nil {
			t.Fatal(err)
		}
		left, err := file.New(dir).Compositions(t.Context(), "k")
		if err != nil || len(left) != age.left {
			t.Errorf("after %v: %d are left, %v", age.age, len(left), err)
		}
	}
}

// Ranges are copied whatever they have to do with the blocks of the file system.
func TestCopyAtAnyOffset(t *testing.T) {
	s := file.New(t.TempDir())
	object := random(1 << 20)
	if err := s.Create(t.Context(), "from", storetest.Body(object), store.ChecksumOf(object)); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct{ head, from, n int64 }{
		{0, 0, 1 << 20}, {0, 4096, 8192}, {4096, 4096, 500_000}, {100, 100, 500_000}, {100, 101, 500_000}, {1, 4097, 4095}, {4095, 0, 1},
	} {
		body := append(make([]byte, c.head), object[c.from:c.from+c.n]...)
		key := fmt.Sprintf("object-%d", i)
		made, err := s.Compose(t.Context(), key, int64(len(body)), &store.ComposeOptions{Copies: true})
		if err != nil {
			t.Fatal(err)
		}
		var parts []store.Part
		if c.head > 0 {
			p, err := made.Put(t.Context(), store.Part{Number: 1, Size: c.head, Sum: store.ChecksumOf(body[:c.head])}, storetest.Body(body[:c.head]))
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, p)
		}
		p, err := made.Copy(t.Context(), store.Part{Number: 2, Off: c.head, Size: c.n, Sum: store.ChecksumOf(body[c.head:])}, storetest.Body(body[c.head:]), "from", c.from)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if err := made.Complete(t.Context(), append(parts, p), store.ChecksumOf(body)); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if got, _, err := storetest.Read(t.Context(), s, key); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%+v: other bytes, %v", c, err)
		}
	}
}

// BenchmarkGiB stores a file of 1 GiB, in one stream and in parts.
func BenchmarkGiB(b *testing.B) {
	const size, partBytes = 1 << 30, 16 << 20
	dir := b.TempDir()
	f, err := os.Create(filepath.Join(dir, "source"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{}), size); err != nil {
		b.Fatal(err)
	}
	body := io.NewSectionReader(f, 0, size)
	var parts []store.Part
	sum := store.ChecksumOf(nil)
	for off := int64(0); off < size; off += partBytes {
		part, err := store.ReadChecksum(io.NewSectionReader(f, off, partBytes))
		if err != nil {
			b.Fatal(err)
		}
		parts = append(parts, store.Part{Number: len(parts) + 1, Off: off, Size: partBytes, Sum: part})
		sum = store.NewJoiner(partBytes).Join(sum, part)
	}
	s := file.New(dir)
	run := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				s.Delete(b.Context(), "k")
				b.StartTimer()
			}
		})
	}
	run("create", func() error { return s.Create(b.Context(), "k", body, sum) })
	run("parts", func() error {
		c, err := s.Compose(b.Context(), "k", size, nil)
		if err != nil {
			return err
		}
		queue := make(chan store.Part, len(parts))
		for _, p := range parts {
			queue <- p
		}
		close(queue)
		errs := make([]error, 8)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() {
				for p := range queue {
					if _, err := c.Put(b.Context(), p, io.NewSectionReader(f, p.Off, p.Size)); err != nil {
						errs[i] = err
						return
					}
				}
			})
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return c.Complete(b.Context(), parts, sum)
	})
}
