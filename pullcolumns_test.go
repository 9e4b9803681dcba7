package cairn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats/parquet"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/transfer"
)

// inspectParquet is what a caller gives as Options.Inspect.
func inspectParquet(ctx context.Context, file string) (*cairn.Inspected, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if b := make([]byte, 4); st.Size() < 4 || readFull(f, b) != "PAR1" {
		return nil, nil
	}
	found, err := parquet.Inspect(ctx, f, st.Size(), nil)
	if err != nil {
		return nil, err
	}
	t := &layout.Table{Rows: found.Rows}
	for _, c := range found.Columns {
		column := layout.Column{Name: c.Name, Type: string(c.Type), Nulls: c.Nulls}
		if !c.Digest.IsZero() {
			column.Digest = c.Digest.String()
		}
		t.Columns = append(t.Columns, column)
	}
	return &cairn.Inspected{Table: t}, nil
}

func readFull(r io.ReaderAt, b []byte) string {
	r.ReadAt(b, 0)
	return string(b)
}

const wideColumns = 12

// wideTable returns a Parquet file of several row groups: columns c0, c1 and so on of
// random numbers, one of words, one that is nested, one with an awkward name, and
// one whose type has no digest.
func wideTable(t *testing.T, rows int) string {
	t.Helper()
	group := parquetgo.Group{
		"word": parquetgo.Encoded(parquetgo.String(), &parquetgo.RLEDictionary),
		"place": parquetgo.Group{
			"x":    parquetgo.Leaf(parquetgo.DoubleType),
			"tags": parquetgo.List(parquetgo.String()),
		},
		`a.b[c\`: parquetgo.Leaf(parquetgo.Int64Type),
		"land":   parquetgo.Geometry(""),
	}
	for i := range wideColumns {
		group[fmt.Sprint("c", i)] = parquetgo.Leaf(parquetgo.Int64Type)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[map[string]any](&out, parquetgo.NewSchema("wide", group), parquetgo.PageBufferSize(64<<10))
	for i := range rows {
		row := map[string]any{
			"word":   []string{"one", "two"}[i%2],
			"place":  map[string]any{"x": float64(i), "tags": []string{fmt.Sprint(i), "t"}[:i%3]},
			`a.b[c\`: int64(i),
			"land":   []byte("x"),
		}
		for c := range wideColumns {
			row[fmt.Sprint("c", c)] = random.Int64()
		}
		if _, err := w.Write([]map[string]any{row}); err != nil {
			t.Fatal(err)
		}
		if i%(rows/3) == rows/3-1 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// columnsOf returns what the top-level columns of a file hold, as parquet-go reads it.
func columnsOf(t *testing.T, file string, names ...string) []map[string]any {
	t.Helper()
	f, err := parquetgo.OpenFile(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]any, f.NumRows())
	for i := range rows {
		rows[i] = map[string]any{}
	}
	r := parquetgo.NewGenericReader[map[string]any](strings.NewReader(file), f.Schema())
	defer r.Close()
	if n, err := r.Read(rows); n < len(rows) {
		t.Fatal(err)
	}
	for _, row := range rows {
		for name := range row {
			if !slices.Contains(names, name) {
				delete(row, name)
			}
		}
	}
	return rows
}

// published publishes files and returns the version, in a Repo that inspects.
func published(t *testing.T, s store.Store, m *transfer.Meter, dir string) *cairn.Version {
	t.Helper()
	publish(t, openRepo(t, s, &cairn.Options{Inspect: inspectParquet}), publication(t, dir))
	return mustResolve(t, openRepo(t, s, &cairn.Options{Inspect: inspectParquet, Meter: m}), string(flights)+"@"+string(june17))
}

// Columns come as a file of their own, at about the cost of their bytes.
func TestPullColumns(t *testing.T) {
	sources := map[string]string{"day/t.parquet": wideTable(t, 15000), "u.PQ": wideTable(t, 300)}
	s := storetest.NewRecorder(mem.New())
	for _, columns := range [][]string{{"c3"}, {"c0", "c1", "c11"}, {"word", "place"}, {`a.b[c\`, "c5"}} {
		t.Run(strings.Join(columns, ","), func(t *testing.T) {
			var meter transfer.Meter
			v := published(t, s, &meter, tree(t, "day/t.parquet", sources["day/t.parquet"], "u.PQ", sources["u.PQ"]))
			s.Take()
			into := t.TempDir()
			if err := v.Pull(t.Context(), into, &cairn.PullOptions{Columns: columns}); err != nil {
				t.Fatal(err)
			}
			got := readTree(t, into)
			for name, source := range sources {
				if !reflect.DeepEqual(columnsOf(t, got[name], columns...), columnsOf(t, source, columns...)) {
					t.Errorf("%s has other values", name)
				}
				in, err := inspectParquet(t.Context(), filepath.Join(into, name))
				if err != nil || len(in.Table.Columns) < len(columns) || len(in.Table.Columns) > len(columns)+2 {
					t.Errorf("%s has the columns %+v, %v", name, in, err)
				}
			}
			share := int64(0)
			for _, file := range got {
				share += int64(len(file)) + 64<<10
			}
			if moved := meter.Moved.Load(); moved > share || moved != meter.Total.Load() || meter.Files.Load() != 2 {
				t.Errorf("%d bytes of %d were fetched for %d, in %d files", moved, meter.Total.Load(), share, meter.Files.Load())
			}
			if calls := dataCalls(s); calls > 1+3*len(columns)+1 {
				t.Errorf("%d requests", calls)
			}

			// Another pull finds it there.
			if err := v.Pull(t.Context(), into, &cairn.PullOptions{Columns: columns}); err != nil {
				t.Fatal(err)
			}
			if calls := dataCalls(s); calls != 2 || meter.Files.Load() != 4 {
				t.Errorf("again: %d requests", calls)
			}
		})
	}
}

// Chunks that lie near each other take one request, large ones several.
func TestPullColumnsRequests(t *testing.T) {
	type row struct{ A, B int64 }
	random := rand.New(rand.NewPCG(3, 4))
	rows := make([]row, 2_200_000)
	for i := range rows {
		rows[i].A, rows[i].B = random.Int64(), random.Int64()
	}
	var large bytes.Buffer
	w := parquetgo.NewGenericWriter[row](&large)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file string
		columns    []string
		want       int // beside the footer
	}{
		{"near", wideTable(t, 9000), []string{"c1", "c11"}, 3},
		{"far", wideTable(t, 9000), []string{"c1", "c2"}, 6},
		{"large", large.String(), []string{"A"}, 2},
	} {
		s := storetest.NewRecorder(mem.New())
		v := published(t, s, nil, tree(t, "t.parquet", c.file))
		s.Take()
		if err := v.Pull(t.Context(), t.TempDir(), &cairn.PullOptions{Columns: c.columns}); err != nil {
			t.Fatal(err)
		}
		if calls := dataCalls(s); calls != 1+c.want {
			t.Errorf("%s: %d requests, not %d", c.name, calls, 1+c.want)
		}
	}
}

// Small files that lie in a pack have columns too.
func TestPullColumnsOfPacked(t *testing.T) {
	source := wideTable(t, 30)
	var files []string
	for i := range 40 {
		files = append(files, fmt.Sprintf("%d.parquet", i), source[:len(source)-8-i]+source[len(source)-8:])
	}
	files = append(files[:len(files):len(files)], "whole/t.parquet", source)
	s := storetest.NewRecorder(mem.New())
	r := openRepo(t, s, &cairn.Options{Inspect: func(ctx context.Context, file string) (*cairn.Inspected, error) {
		if filepath.Base(file) != "t.parquet" && filepath.Ext(file) == ".parquet" {
			return nil, nil
		}
		return inspectParquet(ctx, file)
	}})
	publish(t, r, publication(t, tree(t, files...)))
	if n := len(blobKeys(t, s)); n != 1 {
		t.Fatalf("%d objects, not one pack", n)
	}
	into := t.TempDir()
	o := &cairn.PullOptions{Include: []string{"whole/*"}, Columns: []string{"c1"}}
	if err := mustResolve(t, r, string(flights)+"@"+string(june17)).Pull(t.Context(), into, o); err != nil {
		t.Fatal(err)
	}
	if got := readTree(t, into); len(got) != 1 || !reflect.DeepEqual(columnsOf(t, got["whole/t.parquet"], "c1"), columnsOf(t, source, "c1")) {
		t.Errorf("got %d files, or other values", len(got))
	}
}

func dataCalls(s *storetest.Recorder) (n int) {
	for _, c := range s.Take() {
		if k, err := layout.ParseKey(c.Key); err == nil && k.Kind == layout.KindBlob {
			n++
		}
	}
	return n
}

// What is there of the whole file, or of other columns, is replaced.
func TestPullColumnsReplaces(t *testing.T) {
	v := published(t, mem.New(), nil, tree(t, "t.parquet", wideTable(t, 300)))
	into := t.TempDir()
	for _, o := range []*cairn.PullOptions{nil, {Columns: []string{"c1"}}, {Columns: []string{"c2"}}, nil} {
		if err := v.Pull(t.Context(), into, o); err != nil {
			t.Fatal(err)
		}
		in, err := inspectParquet(t.Context(), filepath.Join(into, "t.parquet"))
		if err != nil || o != nil && (len(in.Table.Columns) != 1 || in.Table.Columns[0].Name != o.Columns[0]) || o == nil && len(in.Table.Columns) != wideColumns+5 {
			t.Errorf("%+v, %v", in, err)
		}
	}
}

func TestPullColumnsRefuses(t *testing.T) {
	s, source := mem.New(), wideTable(t, 300)
	v := published(t, s, nil, tree(t, "t.parquet", source, "notes.md", "text", "same.bin", source))
	for name, c := range map[string]struct {
		o    cairn.PullOptions
		want string
	}{
		"another file":   {cairn.PullOptions{Columns: []string{"c1"}}, "notes.md of datasets/flights@"},
		"another name":   {cairn.PullOptions{Columns: []string{"c1"}, Include: []string{"*.bin"}}, "not published as a Parquet table"},
		"unknown column": {cairn.PullOptions{Columns: []string{"c1", "c99"}, Include: []string{"*.parquet"}}, `there is no column "c99", but there are a.b[c\, c0, c1, c10, c11, c2`},
		"leaf":           {cairn.PullOptions{Columns: []string{"place.x"}, Include: []string{"*.parquet"}}, `there is no column "place.x"`},
		"no digest":      {cairn.PullOptions{Columns: []string{"land"}, Include: []string{"*.parquet"}}, `column "land" has no digest`},
	} {
		t.Run(name, func(t *testing.T) {
			into := t.TempDir()
			err := v.Pull(t.Context(), into, &c.o)
			if !errors.Is(err, cairn.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			expectEmpty(t, into)
		})
	}
	blind := mustResolve(t, openRepo(t, s, nil), v.Pin.String())
	if err := blind.Pull(t.Context(), t.TempDir(), &cairn.PullOptions{Columns: []string{"c1"}, Include: []string{"*.parquet"}}); !errors.Is(err, cairn.ErrRefused) || !strings.Contains(err.Error(), "Options.Inspect") {
		t.Errorf("without Inspect: %v", err)
	}
}

func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// Whatever is wrong with the stored bytes, no file appears.
func TestPullColumnsOfDamage(t *testing.T) {
	source := wideTable(t, 3000)
	chunks, err := parquet.Chunks(strings.NewReader(source), int64(len(source)))
	if err != nil {
		t.Fatal(err)
	}
	c1 := chunks[slices.IndexFunc(chunks, func(c parquet.Chunk) bool { return c.Column == "c1" && c.RowGroup == 1 })]
	other := wideTable(t, 2997)
	flip := func(at int64) string {
		b := []byte(source)
		b[at] ^= 1
		return string(b)
	}
	for name, c := range map[string]struct{ stored, want string }{
		"a value":       {flip(c1.Offset + c1.Length - 1), `for t.parquet its columns cannot be read: not a readable table: column "c1" in row group 1`},
		"a page header": {flip(c1.Offset), `column "c1"`},
		"a name":        {strings.Replace(source, "place", "plaza", -1), "t.parquet"},
		"its own name":  {strings.Replace(source, "c1", "d1", -1), "t.parquet"},
		"the magic":     {flip(int64(len(source)) - 1), "t.parquet"},
		"its length":    {source[:len(source)-100], "t.parquet"},
		"another":       {other, "t.parquet"},
		"nothing":       {"", "t.parquet"},
	} {
		t.Run(name, func(t *testing.T) {
			s := mem.New()
			v := published(t, s, nil, tree(t, "t.parquet", source))
			key := blobKeys(t, s)[0]
			if err := s.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if c.stored != "" {
				put(t, s, key, []byte(c.stored))
			}
			into := t.TempDir()
			err := v.Pull(t.Context(), into, &cairn.PullOptions{Columns: []string{"c1", "place"}})
			if !errors.Is(err, cairn.ErrCorrupt) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), key) {
				t.Errorf("got %v", err)
			}
			expectEmpty(t, into)
		})
	}
}

func blobKeys(t *testing.T, s store.Store) (keys []string) {
	t.Helper()
	for info, err := range s.List(t.Context(), string(flights)+"/date=", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if k, err := layout.ParseKey(info.Key); err == nil && k.Kind == layout.KindBlob {
			keys = append(keys, info.Key)
		}
	}
	return keys
}

// A call that fails once is made again.
func TestPullColumnsUnderFaults(t *testing.T) {
	inner := mem.New()
	v := published(t, inner, nil, tree(t, "t.parquet", wideTable(t, 3000)))
	for _, fault := range []storetest.Fault{storetest.FailsBefore, storetest.LostAnswer} {
		for at := 0; ; at++ {
			faulty := storetest.NewFaulty(inner, at, fault)
			r, err := cairn.Open(t.Context(), faulty, &cairn.Options{Inspect: inspectParquet})
			if err == nil {
				var found *cairn.Version
				if found, err = resolve(t.Context(), r, v.Pin.String()); err == nil {
					err = found.Pull(t.Context(), t.TempDir(), &cairn.PullOptions{Columns: []string{"c1", "c7"}})
				}
			}
			if err != nil {
				t.Errorf("%s %s: %v", faulty.Suffered(), fault, err)
			}
			if faulty.Suffered() == "" {
				break
			}
		}
	}
}
