package main

import (
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// mktable is a program of the scripts that writes a Parquet file:
//
//	mktable FILE snappy|zstd 'NAME int64|string|bool VALUE...'...
func mktable() {
	file, codec, columns := os.Args[1], os.Args[2], os.Args[3:]
	group := parquet.Group{}
	var rows []map[string]any
	for _, column := range columns {
		words := strings.Fields(column)
		name, kind, values := words[0], words[1], words[2:]
		group[name] = map[string]parquet.Node{
			"int64": parquet.Leaf(parquet.Int64Type), "string": parquet.String(), "bool": parquet.Leaf(parquet.BooleanType),
		}[kind]
		for i, text := range values {
			if i == len(rows) {
				rows = append(rows, map[string]any{})
			}
			rows[i][name] = mkvalue(kind, text)
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		log.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		log.Fatal(err)
	}
	compression := map[string]compress.Codec{"snappy": &parquet.Snappy, "zstd": &parquet.Zstd}[codec]
	w := parquet.NewGenericWriter[map[string]any](f, parquet.NewSchema("table", group), parquet.Compression(compression))
	if _, err := w.Write(rows); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

func mkvalue(kind, text string) any {
	switch kind {
	case "int64":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		return n
	case "bool":
		return text == "true"
	}
	return text
}
