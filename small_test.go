package cairn_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/transfer"
)

// smallFiles returns paths and contents of n small files, some of them equal, and
// of a large one.
func smallFiles(n int) []string {
	files := []string{"large.bin", strings.Repeat("large", 300_000)}
	for i := range n {
		files = append(files, fmt.Sprintf("images/%d/%03d.txt", i%7, i), strings.Repeat(fmt.Sprint("image ", i/2, "\n"), i*10))
	}
	return files
}

func packs(t *testing.T, s store.Store) (keys []string) {
	t.Helper()
	for info, err := range s.List(t.Context(), string(flights)+"/date=", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if k, err := layout.ParseKey(info.Key); err == nil && k.Kind == layout.KindBlob && k.Ext == layout.PackExt {
			keys = append(keys, info.Key)
		}
	}
	return keys
}

// Many small files are one object, which any tar reads, and come back as they were.
func TestSmallFiles(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	dir := tree(t, smallFiles(200)...)
	out := publish(t, openRepo(t, s, nil), publication(t, dir))
	if n := countBlobs(s.Take()); n != 2 {
		t.Errorf("%d objects were created, and a blob and a pack had to be", n)
	}
	expectFiles(t, s, out.Pin, dir)
	key := packs(t, s)[0]
	b, _, err := storetest.Read(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	want := readTree(t, dir)
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); want[h.Name] != string(got) || err != nil {
			t.Errorf("tar finds %s with other bytes, %v", h.Name, err)
		}
	}
	s.Take()
	into := t.TempDir()
	if err := mustResolve(t, openRepo(t, s, nil), out.Pin.String()).Pull(t.Context(), into, nil); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, c := range s.Take() {
		if k, err := layout.ParseKey(c.Key); err == nil && k.Kind == layout.KindBlob {
			opened++
		}
	}
	if opened != 2 {
		t.Errorf("%d objects were read, and there are 2", opened)
	}
}

// A pack has the same bytes whoever makes it, so a publication that was cut off finds
// it; few small files are not packed.
func TestPacksAreDeterministic(t *testing.T) {
	var keys []layout.Digest
	for range 3 {
		s := mem.New()
		publish(t, openRepo(t, s, nil), publication(t, tree(t, smallFiles(150)...)))
		k, err := layout.ParseKey(packs(t, s)[0])
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k.Digest)
	}
	if keys[0] != keys[1] || keys[1] != keys[2] {
		t.Errorf("packs of the same files are %v", keys)
	}
	s := mem.New()
	publish(t, openRepo(t, s, nil), publication(t, tree(t, smallFiles(31)...)))
	if p := packs(t, s); len(p) != 0 {
		t.Errorf("31 small files were packed: %v", p)
	}
}

// The next version sends what has changed, and takes the rest from the packs that
// are there, whatever its files are called.
func TestSmallFilesAreReused(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	publish(t, openRepo(t, s, nil), publication(t, tree(t, smallFiles(200)...)))
	changed := smallFiles(200)
	changed[41] = "another image"
	changed[42] = "moved/elsewhere.txt"
	dir := tree(t, append(changed, "new.txt", "new")...)
	s.Take()
	out := publish(t, openRepo(t, s, nil), publication(t, dir))
	var sent int64
	for _, c := range s.Take() {
		if k, err := layout.ParseKey(c.Key); err == nil && k.Kind == layout.KindBlob && c.Op == "create" {
			sent += c.Size
		}
	}
	if sent == 0 || sent > 4096 {
		t.Errorf("%d bytes were sent for two small files", sent)
	}
	expectFiles(t, s, out.Pin, dir)

	// And the one after that, of a version that lies in two packs.
	dir = tree(t, changed[2:]...)
	out = publish(t, openRepo(t, s, nil), publication(t, dir))
	if n := countBlobs(s.Take()); n != 0 {
		t.Errorf("%d objects were created for files that are all there", n)
	}
	expectFiles(t, s, out.Pin, dir)
}

// A small file may lie in a blob of its own, from a version that had few.
func TestSmallFilesInBlobs(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	publish(t, openRepo(t, s, nil), publication(t, tree(t, smallFiles(20)...)))
	dir := tree(t, smallFiles(60)...)
	out := publish(t, openRepo(t, s, nil), publication(t, dir))
	expectFiles(t, s, out.Pin, dir)
	// And the other way round: it lies in a pack that has more than is wanted.
	dir = tree(t, smallFiles(40)...)
	out = publish(t, openRepo(t, s, nil), publication(t, dir))
	expectFiles(t, s, out.Pin, dir)
	dir = tree(t, smallFiles(10)...)
	out = publish(t, openRepo(t, s, nil), publication(t, dir))
	expectFiles(t, s, out.Pin, dir)
}

// A pack of the base that a collector may take by now is made anew.
func TestPackIsVoid(t *testing.T) {
	s := mem.New()
	publish(t, openRepo(t, s, nil), publication(t, tree(t, smallFiles(100)...)))
	before := packs(t, s)[0]
	dir := tree(t, append(smallFiles(100), "new.txt", "new")...)
	fenced := false
	watched := onCreate(s, func(key string) {
		if k, err := layout.ParseKey(key); err == nil && k.Kind == layout.KindManifest && !fenced {
			fenced = true
			fence(t, s)
		}
	})
	out := publish(t, openRepo(t, watched, nil), publication(t, dir))
	expectFiles(t, s, out.Pin, dir)
	// The base of the second attempt, which saw the fence, has the pack still.
	if err := s.Delete(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if err := mustResolve(t, openRepo(t, s, nil), out.Pin.String()).Pull(t.Context(), t.TempDir(), nil); !errors.Is(err, cairn.ErrCorrupt) {
		t.Errorf("the pack of the version before is not used: %v", err)
	}
}

// What is wrong with a pack is found before a file has its name.
func TestDamagedPack(t *testing.T) {
	dir := tree(t, smallFiles(100)...)
	for name, spoil := range map[string]func(b []byte) []byte{
		"a bit flipped": func(b []byte) []byte { b[len(b)/2/512*512] ^= 1; return b },
		"shorter":       func(b []byte) []byte { return b[:len(b)/2] },
		"missing":       func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := mem.New()
			r := openRepo(t, s, nil)
			out := publish(t, r, publication(t, dir))
			key := packs(t, s)[0]
			b, _, err := storetest.Read(t.Context(), s, key)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if b = spoil(b); b != nil {
				put(t, s, key, b)
			}
			into := t.TempDir()
			if err := mustResolve(t, r, out.Pin.String()).Pull(t.Context(), into, nil); !errors.Is(err, cairn.ErrCorrupt) || !strings.Contains(err.Error(), key) {
				t.Errorf("got %v", err)
			}
			if entries, err := os.ReadDir(into); err != nil || len(entries) == 0 {
				return
			}
			want := readTree(t, dir)
			for path, got := range readTree(t, into) {
				if want[path] != got {
					t.Errorf("%s is in place with other bytes", path)
				}
			}
		})
	}
}

// Of a large set, only the files that are asked for are read.
func TestPullIncluded(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	dir := tree(t, smallFiles(200)...)
	out := publish(t, openRepo(t, s, nil), publication(t, dir))
	v := mustResolve(t, openRepo(t, s, nil), out.Pin.String())
	for _, c := range []struct {
		include []string
		want    int
	}{
		{[]string{"images/3/*.txt"}, 29},
		{[]string{"**/00?.txt", "large.bin"}, 11},
		{[]string{"images/**"}, 200},
		{[]string{"*"}, 1},
	} {
		into := t.TempDir()
		if err := v.Pull(t.Context(), into, &cairn.PullOptions{Include: c.include}); err != nil {
			t.Fatal(err)
		}
		got, all := readTree(t, into), readTree(t, dir)
		maps.DeleteFunc(got, func(path, content string) bool { return all[path] == content })
		if n := len(readTree(t, into)); n != c.want || len(got) > 0 {
			t.Errorf("%q: %d files, %d of them wrong, want %d", c.include, n, len(got), c.want)
		}
	}
	for _, include := range []string{"nothing/*", "[", "../*"} {
		if err := v.Pull(t.Context(), t.TempDir(), &cairn.PullOptions{Include: []string{include}}); err == nil {
			t.Errorf("%q: no error", include)
		}
	}
}

// A file that is as it was when it was last named is not read to be named.
func TestUnchangedFileIsNotRead(t *testing.T) {
	scratch := t.TempDir()
	s := mem.New()
	dir := tree(t, "large.bin", strings.Repeat("large", 300_000))
	file := filepath.Join(dir, "large.bin")
	settle(t, file)
	hashed := func(o cairn.Options) int64 {
		t.Helper()
		o.Scratch, o.Meter = scratch, new(transfer.Meter)
		publish(t, openRepo(t, s, &o), publication(t, dir))
		return o.Meter.Hashed.Load()
	}
	if n := hashed(cairn.Options{}); n != 1_500_000 {
		t.Errorf("at first %d bytes were read", n)
	}
	if n := hashed(cairn.Options{}); n != 0 {
		t.Errorf("%d bytes of a file that is as it was were read", n)
	}
	if n := hashed(cairn.Options{Rehash: true}); n != 1_500_000 {
		t.Errorf("%d bytes were read by somebody who insisted", n)
	}
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(file, bytes.Repeat([]byte("other"), 300_000), 0o666), os.Chtimes(file, st.ModTime(), st.ModTime())); err != nil {
		t.Fatal(err)
	}
	if n := hashed(cairn.Options{}); n != 1_500_000 {
		t.Errorf("%d bytes were read of a file of another content, with the same size and time", n)
	}
}

// settle waits until a write to the file would show in its times for certain.
func settle(t *testing.T, file string) {
	t.Helper()
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(st.ModTime().Add(200 * time.Millisecond)))
}
