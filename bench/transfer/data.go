package main

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
	"syscall"

	"github.com/cairnstore/cairn/bench/table"
)

// Names of the files, of which each is alone in its folder.
const (
	fileName  = "data.bin"
	tableName = "table.parquet"
)

// Sources are the files that are sent, made when they are first asked for. They
// are the same each time, and no tool can compress them.
type sources struct{ dir string }

// file returns a file of size bytes.
func (s *sources) file(size int64) (string, error) {
	return s.once(fmt.Sprintf("file-%d", size), fileName, func(dir string) error {
		return writeRandom(filepath.Join(dir, fileName), uint64(size), size)
	})
}

// tree returns a folder of so many files of size bytes, a hundred to a folder.
func (s *sources) tree(files int, size int64) (string, error) {
	return s.once(fmt.Sprintf("tree-%dx%d", files, size), "", func(dir string) error {
		for i := range files {
			folder := filepath.Join(dir, fmt.Sprintf("%04d", i/100))
			if i%100 == 0 {
				if err := os.Mkdir(folder, 0o755); err != nil {
					return err
				}
			}
			if err := writeRandom(filepath.Join(folder, fmt.Sprintf("%06d.bin", i)), uint64(i), size); err != nil {
				return err
			}
		}
		return nil
	})
}

// table returns a Parquet file.
func (s *sources) table(name string, c table.Columns) (string, error) {
	return s.once("table-"+name, tableName, func(dir string) error {
		f, err := os.Create(filepath.Join(dir, tableName))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := table.WriteColumns(f, c); err != nil {
			return err
		}
		return f.Close()
	})
}

// once makes a folder, and returns the file of it that is asked for.
func (s *sources) once(folder, file string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(s.dir, folder)
	err := os.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return filepath.Join(dir, file), nil
	}
	if err == nil {
		err = fill(dir)
	}
	return filepath.Join(dir, file), err
}

func writeRandom(name string, seed uint64, size int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	if _, err := io.CopyN(f, rand.NewChaCha8(key), size); err != nil {
		return err
	}
	return f.Close()
}

// warm reads a file, or all of a folder, so that the first tool does not pay for
// what the others find in the page cache, nor for writing back what was made.
func warm(ctx context.Context, path string) error {
	syscall.Sync()
	return filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := io.Copy(struct{ io.Writer }{io.Discard}, f); err != nil {
			return err
		}
		return ctx.Err()
	})
}

// same checks that what arrived is what was sent, file by file.
func same(ctx context.Context, sent, arrived string) error {
	return filepath.WalkDir(sent, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(sent, name)
		if err != nil {
			return err
		}
		if err := sameFile(name, filepath.Join(arrived, rel)); err != nil {
			return err
		}
		return ctx.Err()
	})
}

func sameFile(a, b string) error {
	f, err := os.Open(a)
	if err != nil {
		return err
	}
	defer f.Close()
	g, err := os.Open(b)
	if err != nil {
		return fmt.Errorf("what was sent has not arrived: %w", err)
	}
	defer g.Close()
	x, y := make([]byte, 256<<10), make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(f, x)
		m, _ := io.ReadFull(g, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return fmt.Errorf("%s differs from %s", b, a)
		}
		if err != nil { // the end of both
			return nil
		}
	}
}

// forget removes a folder that is not needed any more.
func (s *sources) forget(folder string) error { return os.RemoveAll(filepath.Join(s.dir, folder)) }
