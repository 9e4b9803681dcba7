package cairn

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"sync"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
	"github.com/cairnstore/cairn/store/transfer/pack"
)

// PullOptions narrow a pull. Nil means all of a version.
type PullOptions struct {
	// Include has patterns of paths, such as "part-0.parquet" or "train/**/*.png": "*"
	// stands for any part of one segment, "**" for any number of segments. Files that
	// match one are pulled. None means all files.
	Include []string

	// Columns are those that Parquet files are pulled with, each as a Parquet file of
	// only these. It needs [Options.Inspect], which proves them, and files that are
	// no Parquet tables are refused. None means whole files.
	Columns []string
}

// Pull writes the files of v into the folder dir, which is made if need be, at
// their paths. A file appears under its name only once all its bytes have been
// verified; it replaces one that is there. What has the right bytes already is
// left alone. Nothing is written outside dir, whatever links it holds. A pull that
// was cut off goes on where it stopped when it is made again.
//
// It does not look at what v was made from, nor for taints. [Repo.Check] does, and
// [Run.Pull] does both.
func (v *Version) Pull(ctx context.Context, dir string, o *PullOptions) (err error) {
	if o == nil {
		o = &PullOptions{}
	}
	files, err := v.included(o.Include)
	if err != nil {
		return err
	}
	places, err := v.places(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	bench, err := takeWorkbench(root)
	if err != nil {
		return err
	}
	defer func() { bench.leave(err != nil && (ctx.Err() != nil || errors.Is(err, store.ErrTemporary))) }()
	p := &pulling{places, root, bench, sync.Map{}}
	if len(o.Columns) > 0 {
		return p.someColumns(ctx, files, o.Columns)
	}
	return p.all(ctx, files)
}

// included returns the positions of the files that one of the patterns matches.
func (v *Version) included(patterns []string) (files []int, err error) {
	for _, pattern := range patterns {
		if !doublestar.ValidatePattern(pattern) {
			return nil, fmt.Errorf("%w: %q is no pattern of paths", ErrRefused, pattern)
		}
	}
	for i, f := range v.Manifest.Files {
		matches := func(pattern string) bool { return doublestar.MatchUnvalidated(pattern, f.Path) }
		if len(patterns) == 0 || slices.ContainsFunc(patterns, matches) {
			files = append(files, i)
		}
	}
	if len(files) == 0 {
		return nil, notFoundf("%s has no file that matches %q; cairn show lists what it has", v.Pin, patterns)
	}
	return files, nil
}

// A pulling is a pull under way.
type pulling struct {
	*places
	root    *os.Root
	bench   *workbench
	folders sync.Map // that are there
}

func (p *pulling) file(i int) *layout.File { return &p.v.Manifest.Files[i] }

func (p *pulling) meter() *transfer.Meter { return p.v.repo.options.Meter }

// all pulls files whole.
func (p *pulling) all(ctx context.Context, files []int) error {
	for _, i := range files {
		p.meter().Expect(p.file(i).Size)
	}
	blobs, packs := p.split(files)
	slices.SortStableFunc(blobs, func(a, b int) int { return cmp.Compare(p.file(b).Size, p.file(a).Size) })
	return sideBySide(ctx,
		func(ctx context.Context) error { return transfer.Each(ctx, atOnceMax, blobs, p.blob) },
		func(ctx context.Context) error { return p.packs(ctx, packs) })
}

// blob pulls a file that is a blob.
func (p *pulling) blob(ctx context.Context, i int) error {
	f := p.file(i)
	if has(ctx, p.root, f) {
		p.meter().Reuse(f.Size)
		return nil
	}
	if err := p.folder(f); err != nil {
		return err
	}
	part := p.bench.part(f)
	err := p.fetch(ctx, part, f, p.blobKey(i))
	if err == nil {
		err = p.root.Rename(part, f.Path)
	}
	if err == nil {
		p.meter().Done()
	}
	return err
}

// worthResuming is the size of the smallest file that is not fetched anew when a
// pull was cut off.
const worthResuming = 16 << 20

func (p *pulling) fetch(ctx context.Context, part string, f *layout.File, key string) (err error) {
	d := &transfer.Download{Key: key, Size: f.Size, Digest: f.Digest}
	if d.To, err = p.root.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.To.Close()) }()
	if f.Size >= worthResuming {
		if d.Journal, err = p.root.OpenFile(part+".journal", os.O_RDWR|os.O_CREATE, 0o666); err != nil {
			return err
		}
		defer d.Journal.Close()
	}
	err = p.v.repo.engine.Fetch(ctx, d)
	if errors.Is(err, fs.ErrNotExist) {
		err = transfer.Corrupt(key, "it is missing, and holds %s of %s", f.Path, p.v.Pin)
	}
	return err
}

// runsAtOnce bounds the packs that are read at one time.
const runsAtOnce = 8

// packs pulls files that are members of packs.
func (p *pulling) packs(ctx context.Context, packs map[int32][]pack.Member) error {
	type run struct {
		pack.Run
		key string
	}
	var runs []run
	for number, members := range packs {
		wanted := slices.DeleteFunc(members, func(m pack.Member) bool {
			had := has(ctx, p.root, p.file(m.File))
			if had {
				p.meter().Reuse(m.Size)
			}
			return had
		})
		for _, r := range pack.Runs(wanted) {
			runs = append(runs, run{r, p.packKey(number)})
		}
	}
	return transfer.Each(ctx, runsAtOnce, runs, func(ctx context.Context, r run) error {
		return p.v.readPacked(ctx, r.Run, r.key, p.write)
	})
}

// readPacked reads a part of the pack at key, and calls do with the bytes of each
// file that is wanted of it, once they are known to be right.
func (v *Version) readPacked(ctx context.Context, run pack.Run, key string, do func(f *layout.File, b []byte) error) error {
	body, err := v.repo.engine.Open(ctx, key, run.Off, run.Size)
	if err == nil {
		err = pack.Read(bufio.NewReaderSize(body, 256<<10), run, func(m pack.Member, b []byte) error {
			f := &v.Manifest.Files[m.File]
			if got := layout.Sum(b); got != f.Digest {
				return transfer.Corrupt(key, "what it has of %s hashes to %s, and should to %s", f.Path, got, f.Digest)
			}
			return do(f, b)
		})
		body.Close()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = transfer.Corrupt(key, "it is missing, and holds %s of %s", v.Manifest.Files[run.Members[0].File].Path, v.Pin)
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = transfer.Corrupt(key, "it ends before %s of %s", v.Manifest.Files[run.Members[len(run.Members)-1].File].Path, v.Pin)
	}
	return err
}

// write puts a file in place whose bytes are verified.
func (p *pulling) write(f *layout.File, b []byte) error {
	if err := p.folder(f); err != nil {
		return err
	}
	part := p.bench.part(f)
	w, err := p.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := p.root.Rename(part, f.Path); err != nil {
		return err
	}
	p.meter().Done()
	return nil
}

// folder makes the folder of a file.
func (p *pulling) folder(f *layout.File) error {
	dir := path.Dir(f.Path)
	if _, there := p.folders.Load(dir); there {
		return nil
	}
	err := p.root.MkdirAll(dir, 0o777)
	if err == nil {
		p.folders.Store(dir, nil)
	}
	return err
}

// has reports whether the file is in place with the right bytes.
func has(ctx context.Context, root *os.Root, f *layout.File) bool {
	st, err := root.Lstat(f.Path)
	if err != nil || !st.Mode().IsRegular() || st.Size() != f.Size {
		return false
	}
	r, err := root.Open(f.Path)
	if err != nil {
		return false
	}
	defer r.Close()
	if f.Size < pack.MaxFile {
		b := make([]byte, f.Size)
		_, err := io.ReadFull(r, b)
		return err == nil && layout.Sum(b) == f.Digest
	}
	sum, err := transfer.SumFile(ctx, r, f.Size, runtime.GOMAXPROCS(0))
	return err == nil && sum.Digest == f.Digest
}

// PullAll pulls the versions of a range of dates, each into a folder of its own
// below dir, such as "date=2026-06-17", as engines expect partitions.
func PullAll(ctx context.Context, versions []*Version, dir string, o *PullOptions) error {
	const atOnce = 4
	return transfer.Each(ctx, atOnce, versions, func(ctx context.Context, v *Version) error {
		if err := v.Pull(ctx, path.Join(dir, string(layout.HeadName(v.Manifest.Date))), o); err != nil {
			return fmt.Errorf("pulling %s: %w", v.Pin, err)
		}
		return nil
	})
}
