package layout

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"testing"
)

// manyFiles returns the manifest of n small files, as a folder of images has.
func manyFiles(n int) *Manifest {
	m := &Manifest{Artifact: "images/faces", Date: "2026-06-17", Files: make([]File, n)}
	for i := range m.Files {
		f := &m.Files[i]
		f.Path, f.Size = fmt.Sprintf("train/class-%03d/shard-%05d/image-%08d.jpg", i/5000, i/100, i), 3<<10
		binary.BigEndian.PutUint64(f.Digest[:], uint64(i)+1)
	}
	return m
}

// manyBlobs returns an index of n blobs.
func manyBlobs(n int) *Index {
	x := &Index{Artifact: "images/faces", Date: "2026-06-17", Version: someDigest, Blobs: make([]Blob, n)}
	for i := range x.Blobs {
		x.Blobs[i] = Blob{Session: someID, Ext: ".jpg"}
		binary.BigEndian.PutUint64(x.Blobs[i].Digest[:], uint64(i)+1)
	}
	return x
}

func encoded(t testing.TB, m *Manifest) []byte {
	t.Helper()
	b, _, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMemory bounds what is allocated for an object of many entries, whether the
// collector would take it back or not.
func TestMemory(t *testing.T) {
	const n = 50_000
	m, x := manyFiles(n), manyBlobs(n)
	manifest := encoded(t, m)
	index, err := x.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		size int
		most float64 // bytes allocated for each byte of the object
		do   func() error
	}{
		{"Manifest.Encode", len(manifest), 1.05, func() error { _, _, err := m.Encode(); return err }},
		{"Manifest.EncodeTo", len(manifest), 0.05, func() error { _, _, err := m.EncodeTo(io.Discard); return err }},
		{"ParseManifest", len(manifest), 1, func() error { _, err := ParseManifest(manifest); return err }},
		{"ParseManifestFrom", len(manifest), 1, func() error {
			_, _, err := ParseManifestFrom(bytes.NewReader(manifest), int64(len(manifest)))
			return err
		}},
		{"Index.Encode", len(index), 1.05, func() error { _, err := x.Encode(); return err }},
		{"ParseIndex", len(index), 1.3, func() error { _, err := ParseIndex(index); return err }},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.do()
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if each := float64(after.TotalAlloc-before.TotalAlloc) / float64(c.size); each > c.most {
			t.Errorf("%s allocates %.2f bytes for each of an object of %d, and at most %.2f are right", c.what, each, c.size, c.most)
		}
	}
}

func BenchmarkManifest(b *testing.B) {
	m := manyFiles(600_000)
	body := encoded(b, m)
	for what, do := range map[string]func() error{
		"encode":    func() error { _, _, err := m.Encode(); return err },
		"encode-to": func() error { _, _, err := m.EncodeTo(io.Discard); return err },
		"parse":     func() error { _, err := ParseManifest(body); return err },
	} {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
