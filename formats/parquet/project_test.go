package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cairnstore/cairn/formats"
)

// projected returns the file that a projection of source makes.
func projected(t testing.TB, source []byte, columns ...string) []byte {
	t.Helper()
	p, err := Project(bytes.NewReader(source), int64(len(source)), columns)
	if err != nil {
		t.Fatal(err)
	}
	return assemble(t, p, source)
}

// A window is bytes that are written in any order.
type window []byte

func (w window) WriteAt(b []byte, off int64) (int, error) { return copy(w[off:], b), nil }

func assemble(t testing.TB, p *Projection, source []byte) []byte {
	t.Helper()
	out := make(window, p.Size())
	if err := p.WriteFrame(out); err != nil {
		t.Fatal(err)
	}
	read, written := int64(0), int64(len(magic))
	for _, r := range p.Ranges() {
		if r.Offset <= read || r.At != written || r.Length <= 0 {
			t.Fatalf("the range %+v does not follow %d and %d", r, read, written)
		}
		read, written = r.Offset+r.Length, r.At+r.Length
		if read > int64(len(source)) {
			t.Fatalf("the range %+v does not lie within %d bytes", r, len(source))
		}
		copy(out[r.At:], source[r.Offset:read])
	}
	return out
}

// columnsOf returns the columns of a table that are, or are below, one of names.
func columnsOf(table *formats.Table, names ...string) (found []formats.Column) {
	for _, c := range table.Columns {
		if slices.Contains(names, c.Name) || slices.ContainsFunc(names, func(n string) bool {
			return strings.HasPrefix(c.Name, n+"[") || strings.HasPrefix(c.Name, n+".") || strings.HasPrefix(c.Name, n+"{")
		}) {
			found = append(found, c)
		}
	}
	return found
}

// Columns are the same in the new file, for cairn and for another reader, and
// nothing else is.
func TestProject(t *testing.T) {
	for name, s := range map[string]style{
		"dictionaries": {codec: &parquetgo.Zstd, encoding: dictionaries, group: 700, page: 500},
		"plain":        {codec: &parquetgo.Snappy, encoding: plains, version: 1, group: 1000, optional: true, list: "three levels, optional"},
		"others":       {codec: &parquetgo.Gzip, encoding: others, list: "two levels"},
		"bare":         {encoding: dictionaries, list: "bare", group: 1},
		"no rows":      {encoding: dictionaries, rows: -1},
	} {
		if s.group == 1 {
			s.rows = 20
		}
		source := write(t, s, testColumns())
		before := inspect(t, source)
		for _, columns := range [][]string{{"bool"}, {"word", "int64", "double", "int64"}, {"list"}, {"uuid", "list", "nullword"}} {
			t.Run(name+"/"+strings.Join(columns, ","), func(t *testing.T) {
				file := projected(t, source, columns...)
				after := inspect(t, file)
				if want := columnsOf(before, columns...); !reflect.DeepEqual(after.Columns, want) || after.Rows != before.Rows {
					t.Errorf("%d rows of %+v, and not %d of %+v", after.Rows, after.Columns, before.Rows, want)
				}
				if again := projected(t, file, columns...); !bytes.Equal(again, file) {
					t.Error("the projection of what was projected is another")
				}
				for _, c := range columns {
					expectValues(t, file, source, c)
				}
			})
		}
	}
}

func expectValues(t *testing.T, file, source []byte, name string) {
	t.Helper()
	want, err := valuesOf(source, name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := valuesOf(file, name); err != nil || !slices.Equal(got, want) {
		t.Errorf("parquet-go reads other values of %s: %v", name, err)
	}
}

// valuesOf returns what parquet-go reads of a top-level column of one leaf, in
// words that tell values, nulls and levels apart.
func valuesOf(file []byte, name string) (values []string, err error) {
	defer recoverTo(&err)
	f, err := parquetgo.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	for _, group := range f.RowGroups() {
		for i, path := range f.Schema().Columns() {
			if path[0] != name {
				continue
			}
			pages := group.ColumnChunks()[i].Pages()
			for {
				p, err := pages.ReadPage()
				if err == io.EOF {
					break
				}
				if err != nil {
					return nil, err
				}
				some := make([]parquetgo.Value, p.NumValues())
				if n, err := p.Values().ReadValues(some); n < len(some) {
					return nil, err
				}
				for _, v := range some {
					values = append(values, fmt.Sprintf("%d %d %q", v.RepetitionLevel(), v.DefinitionLevel(), v.Bytes()))
					if v.Kind() != parquetgo.ByteArray && v.Kind() != parquetgo.FixedLenByteArray {
						values[len(values)-1] += v.String()
					}
				}
			}
			pages.Close()
		}
	}
	return values, nil
}

// The files of the library's tests, by many writers, can be projected column by
// column wherever they have digests.
func TestProjectLibraryFiles(t *testing.T) {
	n := 0
	err := filepath.WalkDir(library(t), func(name string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".parquet" {
			return err
		}
		before, err := inspectFile(t, name, nil)
		if errors.Is(err, formats.ErrUnreadable) || err == nil && len(before.Columns) == 0 {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := open(bytes.NewReader(source), int64(len(source)))
		if err != nil {
			return err
		}
		root, _, err := tree(f.meta.Schema, 0)
		if err != nil {
			return err
		}
		for _, column := range root.children {
			want := columnsOf(before, formats.Path{}.Field(column.Name).String())
			if slices.ContainsFunc(want, func(c formats.Column) bool { return c.Digest.IsZero() }) {
				continue
			}
			if after := inspect(t, projected(t, source, column.Name)); !reflect.DeepEqual(after.Columns, want) {
				t.Errorf("%s, %s: %+v, and not %+v", name, column.Name, after.Columns, want)
			}
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d columns", n)
}

// A reads notes what is read of a file.
type reads struct {
	*bytes.Reader
	from []int64
}

func (r *reads) ReadAt(b []byte, off int64) (int, error) {
	r.from = append(r.from, off)
	return r.Reader.ReadAt(b, off)
}

// Nothing is read before the footer.
func TestProjectReads(t *testing.T) {
	source := write(t, style{}, testColumns())
	f, err := open(bytes.NewReader(source), int64(len(source)))
	if err != nil {
		t.Fatal(err)
	}
	r := &reads{Reader: bytes.NewReader(source)}
	if _, err := Project(r, r.Size(), []string{"bool"}); err != nil {
		t.Fatal(err)
	}
	if want := []int64{r.Size() - tailBytes, f.end}; !slices.Equal(r.from, want) {
		t.Errorf("reads at %d, not at %d", r.from, want)
	}
}

// What no digest proves is not in the new file.
func TestProjectLeavesOut(t *testing.T) {
	source := reworded(t, func(m *format.FileMetaData) {
		m.KeyValueMetadata = []format.KeyValue{{Key: "ARROW:schema", Value: "all columns"}}
		m.Schema[1].FieldID = 7
		m.RowGroups[0].SortingColumns = []format.SortingColumn{{ColumnIdx: 0}}
		c := &m.RowGroups[0].Columns[0]
		c.ColumnIndexOffset, c.ColumnIndexLength, c.OffsetIndexOffset, c.OffsetIndexLength = 4, 4, 4, 4
		c.MetaData.BloomFilterOffset, c.MetaData.BloomFilterLength = 4, 4
		c.MetaData.Statistics = format.Statistics{NullCount: 3, MinValue: []byte("a")}
		c.MetaData.PathInSchema = []string{"somebody", "else"}
	})
	f, err := open(bytes.NewReader(source), int64(len(source)))
	if err != nil {
		t.Fatal(err)
	}
	name := f.meta.Schema[1].Name
	file := projected(t, source, name)
	if f, err = open(bytes.NewReader(file), int64(len(file))); err != nil {
		t.Fatal(err)
	}
	m, group, c := f.meta, f.meta.RowGroups[0], f.meta.RowGroups[0].Columns[0]
	if len(m.KeyValueMetadata)+len(group.SortingColumns)+len(m.ColumnOrders) > 0 || m.Schema[1].FieldID != 0 ||
		c.ColumnIndexOffset+c.OffsetIndexOffset+c.MetaData.BloomFilterOffset > 0 || !reflect.ValueOf(c.MetaData.Statistics).IsZero() {
		t.Errorf("%+v", m)
	}
	if !slices.Equal(c.MetaData.PathInSchema, []string{name}) {
		t.Errorf("the path is %q", c.MetaData.PathInSchema)
	}
}

// reworded returns a file of three columns whose footer says something else.
func reworded(t testing.TB, change func(*format.FileMetaData)) []byte {
	t.Helper()
	file := write(t, style{rows: 20, group: 10, encoding: dictionaries}, testColumns()[2:4])
	f, err := open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	change(&f.meta)
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &f.meta)
	if err != nil {
		t.Fatal(err)
	}
	return finish(append(bytes.Clone(file[:f.end]), footer...), len(footer))
}

// finish ends a file that has its footer.
func finish(file []byte, footer int) []byte {
	return append(append(file, byte(footer), byte(footer>>8), byte(footer>>16), byte(footer>>24)), magic...)
}

func TestProjectRefuses(t *testing.T) {
	for name, change := range map[string]func(*format.FileMetaData){
		"shared chunk": func(m *format.FileMetaData) {
			m.RowGroups[1].Columns[0].MetaData.DictionaryPageOffset = m.RowGroups[0].Columns[0].MetaData.DictionaryPageOffset
		},
		"overlap": func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize++ },
		"beyond the footer": func(m *format.FileMetaData) {
			m.RowGroups[1].Columns[0].MetaData.TotalCompressedSize += 1 << 40
		},
		"values elsewhere": func(m *format.FileMetaData) {
			m.RowGroups[0].Columns[0].MetaData.DataPageOffset += 1 << 40
		},
		"negative size":   func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalUncompressedSize = -1 },
		"another file":    func(m *format.FileMetaData) { m.RowGroups[1].Columns[0].FilePath = "elsewhere" },
		"encrypted":       func(m *format.FileMetaData) { m.EncryptionAlgorithm.Value = &format.AesGcmV1{} },
		"encrypted chunk": func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].EncryptedColumnMetadata = []byte("x") },
		"long names": func(m *format.FileMetaData) {
			m.Schema[1].Name = strings.Repeat("x", maxFooterBytes/4)
			for range 8 {
				m.RowGroups = append(m.RowGroups, m.RowGroups[0])
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var column string
			source := reworded(t, func(m *format.FileMetaData) {
				change(m)
				column = m.Schema[1].Name
			})
			names := []string{column}
			if name == "overlap" {
				names = []string{"int16", "int32", "list"}
			}
			_, err := Project(bytes.NewReader(source), int64(len(source)), names)
			if !errors.Is(err, formats.ErrUnreadable) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Whatever bit of a footer is wrong: if the columns then have the digests that they
// had, another reader reads the values that they had, or finds the file broken.
func TestProjectDamagedFooter(t *testing.T) {
	columns := []string{"int16", "list", "nullword"}
	all := testColumns()
	source := write(t, style{rows: 20, group: 10, encoding: dictionaries}, []testColumn{all[2], all[3], all[21]})
	f, err := open(bytes.NewReader(source), int64(len(source)))
	if err != nil {
		t.Fatal(err)
	}
	want := columnsOf(inspect(t, source), columns...)
	values := map[string][]string{}
	for _, c := range columns {
		if values[c], err = valuesOf(source, c); err != nil {
			t.Fatal(err)
		}
	}
	proven := 0
	for at := f.end; at < int64(len(source)); at++ {
		for bit := range 8 {
			damaged := bytes.Clone(source)
			damaged[at] ^= 1 << bit
			p, err := Project(bytes.NewReader(damaged), int64(len(damaged)), columns)
			if err != nil {
				continue
			}
			file := assemble(t, p, damaged)
			got, err := Inspect(t.Context(), bytes.NewReader(file), int64(len(file)), nil)
			if err != nil || !reflect.DeepEqual(got.Columns, want) {
				continue
			}
			proven++
			for _, c := range columns {
				if got, err := valuesOf(file, c); err == nil && !slices.Equal(got, values[c]) {
					t.Errorf("bit %d of byte %d: parquet-go reads other values of %s", bit, at-f.end, c)
				}
			}
		}
	}
	if proven == 0 {
		t.Error("no damage was harmless")
	}
}

func TestProjectUnknownColumn(t *testing.T) {
	source := write(t, style{rows: 2}, testColumns()[:2])
	_, err := Project(bytes.NewReader(source), int64(len(source)), []string{"bool", "boole"})
	var unknown *ColumnError
	if !errors.As(err, &unknown) || err.Error() != `there is no column "boole", but there are bool, int8, list` {
		t.Errorf("got %v", err)
	}
	if _, err := Project(bytes.NewReader(source), int64(len(source)), nil); !errors.Is(err, formats.ErrUnreadable) {
		t.Errorf("of no column: %v", err)
	}
}

// Failures of the reader are told as they are.
func TestProjectReadError(t *testing.T) {
	source := write(t, style{rows: 2}, testColumns()[:2])
	if _, err := Project(failing{}, int64(len(source)), []string{"bool"}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, fs.ErrPermission }

// FuzzProject looks for footers that take memory out of proportion, that escape as
// a panic, or whose projection is no Parquet file.
func FuzzProject(f *testing.F) {
	columns := testColumns()
	for i, s := range []style{
		{codec: &parquetgo.Zstd, encoding: dictionaries},
		{codec: &parquetgo.Snappy, encoding: plains, version: 1, optional: true, list: "three levels, optional", group: 10},
		{codec: &parquetgo.Gzip, encoding: others, list: "two levels"},
		{encoding: dictionaries, optional: true, list: "bare"},
	} {
		s.rows = 20
		f.Add(write(f, s, columns[4*i:4*i+3]), columns[4*i].name)
	}
	f.Add(reworded(f, func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize++ }), "int16")
	f.Fuzz(func(t *testing.T, source []byte, column string) {
		names := []string{column, "list"}
		var p *Projection
		var err error
		taken := allocated(func() { p, err = Project(bytes.NewReader(source), int64(len(source)), names) })
		if taken > memoryCeiling+uint64(64*len(source)) {
			t.Errorf("takes %d bytes", taken)
		}
		var unknown *ColumnError
		switch {
		case errors.As(err, &unknown), errors.Is(err, formats.ErrUnreadable):
			return
		case err != nil:
			t.Fatal(err)
		}
		file := assemble(t, p, source)
		if again := projected(t, file, names...); !bytes.Equal(again, file) {
			t.Errorf("the projection of what was projected is another: %q, %q", file, again)
		}
	})
}
