package cairn

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

// Pull writes the files of v into the folder dir, which is made if need be, at
// their paths. A file appears under its name only once all its bytes have been
// verified; it replaces one that is there. What has the right bytes already is
// left alone. Nothing is written outside dir, whatever links it holds.
//
// It does not look at what v was made from, nor for taints. [Repo.Check] does, and
// [Run.Pull] does both.
func (v *Version) Pull(ctx context.Context, dir string) error {
	x, err := v.repo.readIndex(ctx, v.Pin, v.Manifest.Date, v.session)
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
	if err := root.MkdirAll(partDir, 0o777); err != nil {
		return err
	}
	sweepParts(root)
	defer root.Remove(partDir) // stays if another pull is using it
	v.repo.options.Meter.Expect(v.Manifest.Size())
	largestFirst := slices.Clone(v.Manifest.Files)
	slices.SortStableFunc(largestFirst, func(a, b layout.File) int { return cmp.Compare(b.Size, a.Size) })
	return transfer.Each(ctx, files, largestFirst, func(ctx context.Context, f layout.File) error {
		key, err := v.blobKey(x, f)
		if err != nil {
			return err
		}
		return v.pullFile(ctx, root, f, key)
	})
}

func (v *Version) pullFile(ctx context.Context, root *os.Root, f layout.File, key string) error {
	if has(ctx, root, f) {
		v.repo.options.Meter.Reuse(f.Size)
		return nil
	}
	if err := root.MkdirAll(path.Dir(f.Path), 0o777); err != nil {
		return err
	}
	part := path.Join(partDir, rand.Text())
	err := v.fetch(ctx, root, part, f, key)
	if err == nil {
		err = root.Rename(part, f.Path)
	}
	if err != nil {
		root.Remove(part)
		return err
	}
	v.repo.options.Meter.Done()
	return nil
}

func (v *Version) fetch(ctx context.Context, root *os.Root, part string, f layout.File, key string) error {
	w, err := root.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if lockPart(w) != nil {
		w.Close()
		return fmt.Errorf("%w: another pull into the same folder has swept %s away", store.ErrTemporary, part)
	}
	err = v.repo.engine.Fetch(ctx, key, f.Size, f.Digest, w)
	if errors.Is(err, fs.ErrNotExist) {
		err = transfer.Corrupt(key, "it is missing, and holds %s of %s", f.Path, v.Pin)
	}
	return errors.Join(err, w.Close())
}

// has reports whether the file is in place with the right bytes.
func has(ctx context.Context, root *os.Root, f layout.File) bool {
	st, err := root.Lstat(f.Path)
	if err != nil || !st.Mode().IsRegular() || st.Size() != f.Size {
		return false
	}
	r, err := root.Open(f.Path)
	if err != nil {
		return false
	}
	defer r.Close()
	sum, err := transfer.SumOf(ctx, r)
	return err == nil && sum.Digest == f.Digest
}

// PullAll pulls the versions of a range of dates, each into a folder of its own
// below dir, such as "date=2026-06-17", as engines expect partitions.
func PullAll(ctx context.Context, versions []*Version, dir string) error {
	const atOnce = 4
	return transfer.Each(ctx, atOnce, versions, func(ctx context.Context, v *Version) error {
		if err := v.Pull(ctx, path.Join(dir, string(layout.HeadName(v.Manifest.Date)))); err != nil {
			return fmt.Errorf("pulling %s: %w", v.Pin, err)
		}
		return nil
	})
}
