package main

import (
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	parquetgo "github.com/parquet-go/parquet-go"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/parquet"
)

func readCairn(ctx context.Context, name string, cores int) (int64, error) {
	t, err := inspect(ctx, name, cores)
	if err != nil {
		return 0, err
	}
	return t.Rows, nil
}

func inspect(ctx context.Context, name string, cores int) (*formats.Table, error) {
	f, size, err := open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parquet.Inspect(ctx, f, size, &parquet.Options{Workers: cores})
}

func open(name string) (*os.File, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	return f, st.Size(), err
}

// readPages is the least that reading can be: parquet-go decodes all pages, and
// nothing is done with the values.
func readPages(_ context.Context, name string, cores int) (int64, error) {
	r, size, err := open(name)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	f, err := parquetgo.OpenFile(r, size, &parquetgo.FileConfig{SkipPageIndex: true, SkipBloomFilters: true, ReadBufferSize: 64 << 10})
	if err != nil {
		return 0, err
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	columns := len(f.RowGroups()[0].ColumnChunks())
	failed := make(chan error, cores)
	for range cores {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < columns; i = int(next.Add(1)) - 1 {
				if err := readColumn(f, i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return f.NumRows(), <-failed
}

func readColumn(f *parquetgo.File, i int) error {
	for _, group := range f.RowGroups() {
		pages := group.ColumnChunks()[i].Pages()
		for {
			p, err := pages.ReadPage()
			if err == io.EOF {
				break
			}
			if err != nil {
				pages.Close()
				return err
			}
			p.Data()
			parquetgo.Release(p)
		}
		if err := pages.Close(); err != nil {
			return err
		}
	}
	return nil
}

func readArrow(parallel bool) func(context.Context, string, int) (int64, error) {
	return func(ctx context.Context, name string, _ int) (int64, error) {
		f, err := file.OpenParquetFile(name, false)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{Parallel: parallel}, memory.DefaultAllocator)
		if err != nil {
			return 0, err
		}
		table, err := r.ReadTable(ctx)
		if err != nil {
			return 0, err
		}
		defer table.Release()
		return table.NumRows(), nil
	}
}
