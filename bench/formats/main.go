// Command formats measures the columnar digest beside the libraries that read the
// same files: one table of 20 columns and 2,000,000 rows, written by two writers
// with two compressions, read in turns on the same cores. It prints Markdown.
//
//	make bench-formats
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && os.Args[1] == "inspect" {
		inspectAlone(os.Args[2:])
		return
	}
	python := flag.String("python", ".bin/peers/bin/python", "an interpreter with pyarrow; see make peers")
	rows := flag.Int("rows", 2_000_000, "rows of the table")
	times := flag.Int("times", 5, "how often each reads each file")
	flag.Parse()
	if err := measure(*python, *rows, *times); err != nil {
		log.Fatal(err)
	}
}

func measure(python string, rows, times int) error {
	dir, err := os.MkdirTemp("", "cairn-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	peer, err := startPeer(python)
	if err != nil {
		return err
	}
	defer peer.stop()
	files, err := writeFiles(peer, dir, rows)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d cores, pyarrow %s, %d rows, %d times each\n\n", runtime.Version(), runtime.NumCPU(), peer.version, rows, times)
	fmt.Println("Milliseconds, the least and the median; and how many times as fast as each peer cairn is, by both.")
	fmt.Println()
	fmt.Println("| file | cores | cairn | parquet-go, pages only | arrow-go, table | pyarrow, table | of pages only | of arrow-go | of pyarrow |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, cores := range []int{1, 2} {
		for _, file := range files {
			if err := race(peer, file, cores, rows, times); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(file), err)
			}
		}
	}
	fmt.Println()
	return printMemory(files)
}

// A reader reads a whole file on so many cores, and returns its rows and how
// long it took.
type reader func(file string, cores int) (rows int64, took time.Duration, err error)

// race has all readers read file in turns, since others may be using the
// machine, and prints a line of the table.
func race(peer *peer, file string, cores, rows, times int) error {
	runtime.GOMAXPROCS(cores)
	readers := []reader{timed(readCairn), timed(readPages), timed(readArrow(false)), timed(readArrow(true)), peer.read}
	took := make([][]time.Duration, len(readers))
	for range times {
		for i, read := range readers {
			runtime.GC() // what another left is not to be paid for here
			n, d, err := read(file, cores)
			if err != nil {
				return err
			}
			if n != int64(rows) {
				return fmt.Errorf("reader %d found %d rows", i, n)
			}
			took[i] = append(took[i], d)
		}
	}
	cairn, pages, arrow, pyarrow := took[0], took[1], faster(took[2], took[3]), took[4]
	cells := []string{strings.TrimSuffix(filepath.Base(file), ".parquet"), fmt.Sprint(cores),
		milliseconds(cairn), milliseconds(pages), milliseconds(arrow), milliseconds(pyarrow), ratio(pages, cairn), ratio(arrow, cairn), ratio(pyarrow, cairn)}
	fmt.Println("| " + strings.Join(cells, " | ") + " |")
	return nil
}

func timed(read func(ctx context.Context, file string, cores int) (int64, error)) reader {
	return func(file string, cores int) (int64, time.Duration, error) {
		start := time.Now()
		rows, err := read(context.Background(), file, cores)
		return rows, time.Since(start), err
	}
}

func median(d []time.Duration) time.Duration { return slices.Sorted(slices.Values(d))[len(d)/2] }

func faster(a, b []time.Duration) []time.Duration {
	return slices.MinFunc([][]time.Duration{a, b}, func(a, b []time.Duration) int { return cmp.Compare(slices.Min(a), slices.Min(b)) })
}

func milliseconds(d []time.Duration) string {
	return fmt.Sprintf("%d, %d", slices.Min(d).Milliseconds(), median(d).Milliseconds())
}

func ratio(peer, cairn []time.Duration) string {
	return fmt.Sprintf("%.2f, %.2f", slices.Min(peer).Seconds()/slices.Min(cairn).Seconds(), median(peer).Seconds()/median(cairn).Seconds())
}
