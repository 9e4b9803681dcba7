// Command transfer measures pushing and pulling beside the tools that only copy, on
// one MinIO that it starts on loopback: each case by each tool in turn, several
// times. It prints Markdown, and writes results.json and results.svg: beside this
// file if everything was measured, otherwise into .bin/bench.
//
//	make bench
//	go run ./bench/transfer [-cases GLOB] [-runs N] [-quick] [-many]
//
// It installs the tools into .bin/bench. One that cannot be had, or cannot do a
// case, is in the table with the reason. It is run at the root of the module.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Options are what the command line says.
type options struct {
	cases string
	runs  int
	quick bool
	many  bool
}

func main() {
	log.SetFlags(log.Ltime)
	var o options
	flag.StringVar(&o.cases, "cases", "*", "measure the cases whose names match the `glob`")
	flag.IntVar(&o.runs, "runs", 5, "how often each tool does each case")
	flag.BoolVar(&o.quick, "quick", false, "small files and two runs, to see that it works")
	flag.BoolVar(&o.many, "many", false, "also 600,000 small files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, &o)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, o *options) error {
	if o.quick {
		o.runs = min(o.runs, 2)
	}
	if _, err := filepath.Match(o.cases, ""); err != nil {
		return fmt.Errorf("-cases %s: %w", o.cases, err)
	}
	bin, err := filepath.Abs(".bin")
	if err != nil {
		return err
	}
	tools, err := install(ctx, bin)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, bin)
	if err != nil {
		return err
	}
	defer b.close()
	cases := b.cases(o)
	if len(cases) == 0 {
		return fmt.Errorf("-cases %s: no case has such a name", o.cases)
	}
	r := newReport(ctx, o, tools)
	r.printHead(out)
	for _, c := range cases {
		result, err := b.race(ctx, c, tools, o.runs)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.Cases = append(r.Cases, result)
		result.print(out)
	}
	dir := filepath.Join(bin, "bench")
	if o.cases == "*" && !o.quick {
		dir = filepath.Join("bench", "transfer")
	}
	if err := r.write(dir); err != nil {
		return err
	}
	return r.failure()
}
