package cairn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cairnstore/cairn/layout"
)

// walk lists what lies below dir.
func walk(ctx context.Context, dir string) ([]*Finding, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return nil, &fs.PathError{Op: "audit", Path: dir, Err: syscall.ENOTDIR}
	}
	// With a slash at its end, a link to a folder is the folder.
	top := filepath.Clean(dir) + string(filepath.Separator)
	if err := outsideStores(top); err != nil {
		return nil, err
	}
	var found []*Finding
	return found, filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(top, file)
		switch {
		case relErr != nil:
			return relErr
		case err != nil && rel == ".":
			return err
		case err != nil || !d.IsDir():
			if f := newFinding(file, filepath.ToSlash(rel), d, err); f != nil {
				found = append(found, f)
			}
		case d.Name() == partDir && rel != ".":
			return fs.SkipDir
		case isStore(file):
			found = append(found, &Finding{Path: filepath.ToSlash(rel), Status: Stored})
			return fs.SkipDir
		}
		return nil
	})
}

// outsideStores refuses a folder of a store. Its blobs are, of course, the same
// bytes as those in the store, and the last ones that may be removed.
func outsideStores(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	for up := dir; ; up = filepath.Dir(up) {
		if isStore(up) {
			return fmt.Errorf("%s: %w: it is, or is in, the store %s, whose files are cairn's own", dir, ErrRefused, up)
		}
		if up == filepath.Dir(up) {
			return nil
		}
	}
}

// isStore reports whether a store lies in the folder dir.
func isStore(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, layout.MarkerKey().String()))
	return err == nil
}

// newFinding returns what can be said of a file that was not looked into, nil of
// what is neither file nor link.
func newFinding(file, rel string, d fs.DirEntry, err error) *Finding {
	f := &Finding{Path: rel, Words: claims(rel)}
	var info fs.FileInfo
	if err == nil {
		info, err = d.Info()
	}
	if err != nil {
		f.Status, f.Problem = Unread, cause(err)
		return f
	}
	f.Modified = info.ModTime()
	switch {
	case info.Mode().IsRegular():
		f.Size = info.Size()
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			f.inode = inode{uint64(st.Dev), st.Ino}
		}
	case info.Mode()&fs.ModeSymlink != 0:
		f.Status = Linked
		if f.Link, err = os.Readlink(file); err != nil {
			f.Problem = cause(err)
		}
	default:
		return nil
	}
	return f
}

// cause is what went wrong with a file, without its name.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// An inode tells files from further names of the same file.
type inode struct{ dev, ino uint64 }
