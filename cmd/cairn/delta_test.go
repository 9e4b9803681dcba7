package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats/parquet"
	"github.com/cairnstore/cairn/layout"
)

// A wide is a table of columns of random numbers, which nothing can compress.
type wide struct {
	columns, groups, rows int            // rows of a group
	changed               map[string]int // columns that have other numbers
	appended              int            // rows of one more group
}

func (w wide) names() (names []string) {
	for i := range w.columns {
		names = append(names, fmt.Sprintf("c%02d", i))
	}
	return names
}

// write writes the table as Parquet.
func (w wide) write(t *testing.T, file string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	group := parquetgo.Group{}
	for _, name := range w.names() {
		group[name] = parquetgo.Leaf(parquetgo.DoubleType)
	}
	out := parquetgo.NewGenericWriter[map[string]any](f, parquetgo.NewSchema("wide", group), parquetgo.PageBufferSize(1<<20))
	for g := range w.groups {
		w.writeGroup(t, out, g, w.rows)
	}
	if w.appended > 0 {
		w.writeGroup(t, out, w.groups, w.appended)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func (w wide) writeGroup(t *testing.T, out *parquetgo.GenericWriter[map[string]any], g, rows int) {
	t.Helper()
	values := make([]parquetgo.Value, 1<<12)
	for c, column := range out.ColumnWriters() {
		random := rand.New(rand.NewPCG(uint64(g*1000+c), uint64(w.changed[w.names()[c]])))
		for left := rows; left > 0; left -= len(values) {
			values = values[:min(left, cap(values))]
			for i := range values {
				values[i] = parquetgo.DoubleValue(random.NormFloat64())
			}
			if _, err := column.WriteRowValues(values); err != nil {
				t.Fatal(err)
			}
		}
		values = values[:cap(values)]
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
}

// difference returns how many bytes a file has in column chunks that the other one has not,
// and how many beside chunks.
func difference(t *testing.T, before, after string) (changed, rest int64) {
	t.Helper()
	had := make(map[string]bool)
	visit := func(file string, do func(digest string, size int64)) (rest int64) {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		chunks, err := parquet.Chunks(f, st.Size())
		if err != nil {
			t.Fatal(err)
		}
		rest = st.Size()
		for _, c := range chunks {
			b, err := io.ReadAll(io.NewSectionReader(f, c.Offset, c.Length))
			if err != nil {
				t.Fatal(err)
			}
			do(layout.Sum(b).Hex(), c.Length)
			rest -= c.Length
		}
		return rest
	}
	visit(before, func(digest string, _ int64) { had[digest] = true })
	rest = visit(after, func(digest string, size int64) {
		if !had[digest] {
			changed += size
		}
	})
	return changed, rest
}

// A delta is a table before and after it has changed.
type delta struct {
	name   string
	change func(*wide)
}

var deltas = []delta{
	{"a column changed", func(w *wide) { w.changed = map[string]int{"c02": 1} }},
	{"a column added", func(w *wide) { w.columns++ }},
	{"rows appended", func(w *wide) { w.appended = w.groups * w.rows / 100 }},
}

func wideTable() wide {
	if isSoak() {
		return wide{columns: 20, groups: 8, rows: 820_000}
	}
	return wide{columns: 5, groups: 3, rows: 820_000}
}

// pushTable pushes a table and returns what the program says of it.
func pushTable(t *testing.T, cmd *exec.Cmd) (doc pushed) {
	t.Helper()
	stdout, stderr, code := result(t, cmd)
	if err := json.Unmarshal([]byte(stdout), &doc); code != 0 || err != nil {
		t.Fatalf("push: exit code %d, %s%s", code, stdout, stderr)
	}
	return doc
}

// Of a table that has changed in part, little more than that part is sent, and what is in
// the store is the table as a whole.
func TestColumnDelta(t *testing.T) {
	t.Parallel()
	before := wideTable()
	old := before.write(t, filepath.Join(t.TempDir(), "table.parquet"))
	for _, d := range deltas {
		after := before
		d.change(&after)
		file := after.write(t, filepath.Join(t.TempDir(), "table.parquet"))
		changed, rest := difference(t, old, file)
		limit := changed*115/100 + rest
		for _, scheme := range []string{"minio", "s3"} {
			t.Run(d.name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				p := newProxy(t)
				push := func(file string) pushed {
					p.begin(harm{})
					return pushTable(t, p.program(t, scheme, "push", artifact, file, "--date", "2026-06-17", "--json"))
				}
				push(old)
				doc := push(file)
				sent, _ := p.moved(nil)
				t.Logf("%d bytes were sent, %d by its own count and %d copied, of %d changed, %d of footer, and %d in all", sent, doc.Sent, doc.Copied, changed, rest, doc.Bytes)
				if sent > limit || doc.Sent > limit {
					t.Errorf("%d bytes would do", limit)
				}
				if doc.Sent+doc.Copied != doc.Bytes {
					t.Errorf("%d bytes were sent and %d copied of %d", doc.Sent, doc.Copied, doc.Bytes)
				}
				expectBlob(t, p, file)
			})
		}
		t.Run(d.name+" file", func(t *testing.T) {
			t.Parallel()
			url := t.TempDir()
			push := func(file string) pushed {
				return pushTable(t, program(t, url, "push", artifact, file, "--date", "2026-06-17", "--json"))
			}
			push(old)
			doc := push(file)
			t.Logf("%d bytes were sent, %d copied", doc.Sent, doc.Copied)
			if doc.Sent > limit {
				t.Errorf("%d bytes would do", limit)
			}
			into := t.TempDir()
			must(t, url, "pull", artifact+"@2026-06-17", into, "-q")
			expectSame(t, filepath.Dir(file), into)
		})
	}
}

func (p *proxy) client(t *testing.T) *minio.Core {
	t.Helper()
	c, err := minio.NewCore(p.minio.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(p.minio.User, p.minio.Password, "")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// blobs returns the keys of the blobs that are in the store.
func (p *proxy) blobs(t *testing.T) (keys []string) {
	t.Helper()
	for o := range p.client(t).Client.ListObjects(t.Context(), p.minio.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if k, err := layout.ParseKey(o.Key); err == nil && k.Kind == layout.KindBlob {
			keys = append(keys, o.Key)
		}
	}
	return keys
}

// expectBlob looks at the one object in the store that is named for the bytes of file, as
// any tool sees it.
func expectBlob(t *testing.T, p *proxy, file string) {
	t.Helper()
	name := digest(t, file)
	for _, key := range p.blobs(t) {
		if k, _ := layout.ParseKey(key); k.Digest.String() != name {
			continue
		}
		object, err := p.client(t).Client.GetObject(t.Context(), p.minio.Bucket, key, minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		into := filepath.Join(t.TempDir(), "blob")
		f, err := os.Create(into)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.Copy(f, object); err != nil {
			t.Fatal(err)
		}
		if digest(t, into) != name {
			t.Errorf("%s has other bytes", key)
		}
		return
	}
	t.Errorf("there is no blob %s", name)
}

// A push that copies and is killed leaves nothing in the store once it was run again.
func TestKilledColumnDelta(t *testing.T) {
	t.Parallel()
	before := wide{columns: 4, groups: 1, rows: 2_000_000}
	old := before.write(t, filepath.Join(t.TempDir(), "table.parquet"))
	after := before
	after.changed = map[string]int{"c01": 1, "c02": 1}
	file := after.write(t, filepath.Join(t.TempDir(), "table.parquet"))
	p, cache := newProxy(t), t.TempDir()
	push := func(file string) *exec.Cmd {
		cmd := p.program(t, "minio", "push", artifact, file, "--date", "2026-06-17", "--json")
		cmd.Env = append(cmd.Env, "CAIRN_CACHE="+cache)
		return cmd
	}
	pushTable(t, push(old))
	if stderr, code := interrupt(t, p, push(file), 16<<20, syscall.SIGKILL); code != -1 {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	p.begin(harm{})
	if doc := pushTable(t, push(file)); doc.Copied == 0 {
		t.Error("the next one copied nothing")
	}
	expectBlob(t, p, file)
	if left := p.uploads(t); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A blob that is gone, or is not what it was, gives nothing to the next one.
func TestColumnDeltaOfDamage(t *testing.T) {
	t.Parallel()
	before := wide{columns: 3, groups: 1, rows: 1_200_000}
	old := before.write(t, filepath.Join(t.TempDir(), "table.parquet"))
	after := before
	after.changed = map[string]int{"c01": 1}
	file := after.write(t, filepath.Join(t.TempDir(), "table.parquet"))
	for name, damage := range map[string]func(t *testing.T, p *proxy, key string, size int64){
		"as it was": func(*testing.T, *proxy, string, int64) {},
		"gone": func(t *testing.T, p *proxy, key string, _ int64) {
			if err := p.client(t).Client.RemoveObject(t.Context(), p.minio.Bucket, key, minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		},
		"other bytes": func(t *testing.T, p *proxy, key string, size int64) {
			put(t, p, key, make([]byte, size))
		},
		"shorter": func(t *testing.T, p *proxy, key string, size int64) {
			put(t, p, key, make([]byte, size/2))
		},
	} {
		for _, scheme := range []string{"minio", "s3"} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				p := newProxy(t)
				push := func(file string) *exec.Cmd {
					return p.program(t, scheme, "push", artifact, file, "--date", "2026-06-17", "--json")
				}
				doc := pushTable(t, push(old))
				damage(t, p, p.blobs(t)[0], doc.Bytes)
				doc = pushTable(t, push(file))
				if (doc.Copied > 0) != (name == "as it was") || doc.Sent+doc.Copied != doc.Bytes {
					t.Errorf("%d bytes were sent and %d copied of %d", doc.Sent, doc.Copied, doc.Bytes)
				}
				expectBlob(t, p, file)
				if left := p.uploads(t); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
			})
		}
	}
}

func put(t *testing.T, p *proxy, key string, b []byte) {
	t.Helper()
	if _, err := p.client(t).Client.PutObject(t.Context(), p.minio.Bucket, key, bytes.NewReader(b), int64(len(b)), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}
