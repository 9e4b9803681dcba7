package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/cairnstore/cairn/bench/table"
	"github.com/cairnstore/cairn/formats"
)

// writeFiles writes the same table by both writers with both compressions.
// pyarrow writes what it has read, as it writes by default.
func writeFiles(p *peer, dir string, rows int) ([]string, error) {
	var files []string
	for _, codec := range []compress.Codec{&parquetgo.Zstd, &parquetgo.Snappy} {
		name := strings.ToLower(codec.String())
		file := filepath.Join(dir, "parquet-go, "+name+".parquet")
		again := filepath.Join(dir, "pyarrow, "+name+".parquet")
		if err := writeFile(file, codec, rows); err != nil {
			return nil, err
		}
		if _, err := p.tell(order{File: file, Cores: 2, To: again, Codec: name}); err != nil {
			return nil, err
		}
		files = append(files, file, again)
	}
	return files, sameTable(files)
}

func writeFile(name string, codec compress.Codec, rows int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return table.Write(f, codec, rows, table.RowsPerGroup)
}

// sameTable checks that what is going to be compared is the same table.
func sameTable(files []string) error {
	var first formats.Digest
	for i, file := range files {
		t, err := inspect(context.Background(), file, 0)
		if err != nil {
			return err
		}
		if i == 0 {
			first = t.Digest
		}
		if t.Digest != first || first.IsZero() {
			return fmt.Errorf("%s has the digest %s (%s), and the first file %s", file, t.Digest, t.Reason, first)
		}
	}
	return nil
}
