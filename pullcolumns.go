package cairn

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/parquet"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// Selected returns the files of v that a pull with these options writes. It fails
// as the pull would for files and columns that cannot be had.
func (v *Version) Selected(o *PullOptions) ([]layout.File, error) {
	if o == nil {
		return v.Manifest.Files, nil
	}
	numbers, err := v.included(o.Include)
	if err != nil {
		return nil, err
	}
	files := make([]layout.File, len(numbers))
	for i, n := range numbers {
		files[i] = v.Manifest.Files[n]
	}
	return files, v.checkColumns(files, o.Columns)
}

// A stored is where the bytes of a file lie.
type stored struct {
	key string
	off int64
}

// stored says where the bytes of a file of the manifest lie.
func (p *places) stored(i int) stored {
	if at := p.packed[i]; at != layout.Unpacked {
		return stored{p.packKey(at.Pack), int64(at.Block) * layout.TarBlock}
	}
	return stored{key: p.blobKey(i)}
}

// someColumns pulls files with some of their columns. Files of which these cannot be
// had, or not be proven, are refused before any is fetched.
func (p *pulling) someColumns(ctx context.Context, files []int, columns []string) error {
	for _, i := range files {
		if err := p.v.checkColumns(p.v.Manifest.Files[i:i+1], columns); err != nil {
			return err
		}
	}
	return transfer.Each(ctx, tablesAtOnce, files, func(ctx context.Context, i int) error {
		return p.columnsOf(ctx, p.file(i), p.stored(i), columns)
	})
}

func (v *Version) checkColumns(files []layout.File, columns []string) error {
	switch {
	case len(columns) == 0:
		return nil
	case v.repo.options.Inspect == nil:
		return fmt.Errorf("%w: columns are proven by their digests, and there is no Options.Inspect to take them", ErrRefused)
	}
	for i := range files {
		if err := checkColumnsOf(&files[i], columns); err != nil {
			return fmt.Errorf("%s of %s: %w", files[i].Path, v.Pin, err)
		}
	}
	return nil
}

func checkColumnsOf(f *layout.File, columns []string) error {
	if ext := strings.ToLower(path.Ext(f.Path)); f.Table == nil || ext != ".parquet" && ext != ".pq" {
		return fmt.Errorf("%w: it was not published as a Parquet table, so it has no columns to choose from; include only files that were, as --include '**/*.parquet' does", ErrRefused)
	}
	var have []string
	for _, c := range f.Table.Columns {
		if name := topColumn(c.Name); len(have) == 0 || have[len(have)-1] != name {
			have = append(have, name)
		}
	}
	for _, name := range columns {
		if !slices.Contains(have, name) {
			return fmt.Errorf("%w: %w", ErrRefused, &parquet.ColumnError{Column: name, Have: have})
		}
	}
	for _, c := range chosen(f.Table, columns) {
		if c.Digest == "" {
			return fmt.Errorf("%w: column %q has no digest to prove it by, since its type, %s, has no canonical form; pull the whole file", ErrRefused, c.Name, c.Type)
		}
	}
	return nil
}

// chosen returns the leaf columns of t that are, or are in, top-level columns of
// the given names.
func chosen(t *layout.Table, columns []string) (found []layout.Column) {
	for _, c := range t.Columns {
		if slices.Contains(columns, topColumn(c.Name)) {
			found = append(found, c)
		}
	}
	return found
}

// topColumn returns the name of the top-level column that a leaf column is in; see
// [formats.Path].
func topColumn(leaf string) string {
	var name strings.Builder
	for i := 0; i < len(leaf); i++ {
		switch leaf[i] {
		case '.', '[', '{':
			return name.String()
		case '\\':
			i = min(i+1, len(leaf)-1)
		}
		name.WriteByte(leaf[i])
	}
	return name.String()
}

// columnsOf writes a Parquet file with some of the columns of f to its path. They are
// compared with the manifest by their digests before the file appears there.
func (p *pulling) columnsOf(ctx context.Context, f *layout.File, at stored, columns []string) error {
	plan, end, err := p.planColumns(ctx, f, at, columns)
	if err != nil {
		return err
	}
	if st, err := p.root.Lstat(f.Path); err == nil && st.Mode().IsRegular() && st.Size() == plan.Size() &&
		p.prove(ctx, f.Path, f, at, columns) == nil {
		p.meter().Expect(plan.Size())
		p.meter().Reuse(plan.Size())
		return nil
	}
	if err := p.folder(f); err != nil {
		return err
	}
	part := p.bench.part(f) + ".columns"
	if err := p.fetchColumns(ctx, part, f, at, plan, end); err != nil {
		return err
	}
	if err := p.prove(ctx, part, f, at, columns); err != nil {
		return err
	}
	if err := p.root.Rename(part, f.Path); err != nil {
		return err
	}
	p.meter().Done()
	return nil
}

// prove reads a file below the folder that is pulled into, and checks that it holds
// just those columns of f.
func (p *pulling) prove(ctx context.Context, file string, f *layout.File, at stored, columns []string) error {
	in, err := p.v.repo.options.Inspect(ctx, filepath.Join(p.root.Name(), file))
	switch {
	case errors.Is(err, formats.ErrUnreadable):
		return transfer.Corrupt(at.key, "for %s its columns cannot be read: %w", f.Path, err)
	case err != nil:
		return fmt.Errorf("proving the columns of %s: %w", f.Path, err)
	case in == nil || in.Table == nil:
		return transfer.Corrupt(at.key, "for %s it holds no table", f.Path)
	}
	want := chosen(f.Table, columns)
	if in.Table.Rows != f.Table.Rows || len(in.Table.Columns) != len(want) {
		return transfer.Corrupt(at.key, "for %s it holds %d rows of %d columns, and should hold %d of %d", f.Path, in.Table.Rows, len(in.Table.Columns), f.Table.Rows, len(want))
	}
	for i, got := range in.Table.Columns {
		if w := want[i]; got.Name != w.Name || got.Type != w.Type || got.Nulls != w.Nulls || got.Digest != w.Digest {
			return transfer.Corrupt(at.key, "column %q of %s has the type %s and the digest %s, and was published with %s and %s", w.Name, f.Path, got.Type, got.Digest, w.Type, w.Digest)
		}
	}
	return nil
}
