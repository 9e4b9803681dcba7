package cairn

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cairnstore/cairn/layout"
)

// A Source is a file to be published.
type Source struct {
	Path string // in the version; see [layout.CheckPath]
	File string // on this machine
}

// Sources finds the files under paths. A file is published under its base name,
// the files of a folder under their paths relative to it. Symbolic links to
// files inside the folder are read through; one that leaves it, or leads to a
// folder, is refused, as is what is neither file nor folder. The folder .cairn,
// in which a pull works, is passed over, and below others the receipts that it left there.
func Sources(paths ...string) ([]Source, error) {
	var sources []Source
	for _, p := range paths {
		st, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if st.IsDir() {
			found, err := folderSources(p)
			if err != nil {
				return nil, err
			}
			sources = append(sources, found...)
			continue
		}
		if !st.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: %w: it is neither a file nor a folder", p, ErrRefused)
		}
		sources = append(sources, Source{filepath.Base(p), p})
	}
	for _, s := range sources {
		if err := layout.CheckPath(s.Path); err != nil {
			return nil, fmt.Errorf("%s: %w", s.File, err)
		}
	}
	return sources, nil
}

func folderSources(folder string) ([]Source, error) {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, err
	}
	var sources []Source
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := below(root, file)
		switch {
		case d.IsDir() && (rel == partDir || strings.HasSuffix(filepath.ToSlash(rel), "/"+receiptDir)):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		if err := checkEntry(root, file, d); err != nil {
			return err
		}
		sources = append(sources, Source{filepath.ToSlash(rel), file})
		return nil
	})
	if err == nil && len(sources) == 0 {
		err = fmt.Errorf("%s: %w: the folder holds no files", folder, ErrRefused)
	}
	return sources, err
}

// below returns the path of file relative to the folder root, in which it is. It
// shares its bytes: there may be very many.
func below(root, file string) string {
	switch {
	case file == root:
		return "."
	case root == ".":
		return file
	}
	return strings.TrimPrefix(strings.TrimPrefix(file, root), string(filepath.Separator))
}

func checkEntry(root, file string, d fs.DirEntry) error {
	if d.Type().IsRegular() {
		return nil
	}
	if d.Type()&fs.ModeSymlink == 0 {
		return fmt.Errorf("%s: %w: it is neither a file nor a folder", file, ErrRefused)
	}
	target, err := filepath.EvalSymlinks(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: the link leads nowhere", file, ErrRefused)
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(target, root+string(filepath.Separator)) {
		return fmt.Errorf("%s: %w: the link leaves the folder, to %s; copy the file in, or push that folder", file, ErrRefused, target)
	}
	st, err := os.Stat(target)
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w: the link does not lead to a file", file, ErrRefused)
	}
	return err
}

// identity is what tells whether a file is still the one it was.
type identity struct {
	file *os.File
	stat fs.FileInfo
}

func identify(f *os.File) (identity, error) {
	st, err := f.Stat()
	return identity{f, st}, err
}

// unchanged returns ErrChanged if the file was written to, or replaced under
// its name, since it was identified.
func (id identity) unchanged() error {
	now, err := os.Stat(id.file.Name())
	if err != nil || !os.SameFile(now, id.stat) || now.Size() != id.stat.Size() || !now.ModTime().Equal(id.stat.ModTime()) {
		return errChanged(Source{File: id.file.Name()})
	}
	return nil
}

func errChanged(s Source) error {
	return fmt.Errorf("%s %w; publish a file that nobody is writing", s.File, ErrChanged)
}
