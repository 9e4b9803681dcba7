package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/formats/contract/tables"
	"github.com/cairnstore/cairn/formats/model"
	"github.com/cairnstore/cairn/formats/parquet"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// inspectCommand is the child of an inspector: it reads questions about files, a
// line each, and answers each with a line.
func inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "inspect-files",
		Short:  "Look into files, for another cairn process",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := limitMemory(); err != nil {
				return err
			}
			runtime.GOMAXPROCS(min(runtime.GOMAXPROCS(0), inspectCores))
			questions := bufio.NewScanner(os.Stdin)
			questions.Buffer(nil, 4*contract.MaxBytes+1<<20)
			answers := json.NewEncoder(cmd.OutOrStdout())
			for questions.Scan() {
				var q question
				if err := json.Unmarshal(questions.Bytes(), &q); err != nil {
					return err
				}
				a, err := q.lookInto(cmd.Context())
				if err != nil {
					a = &answer{Error: err.Error(), Unreadable: isUnreadable(err)}
				}
				if err := answers.Encode(a); err != nil {
					return err
				}
			}
			return questions.Err()
		},
	}
}

// isUnreadable reports whether a file or contract is to blame for an error.
func isUnreadable(err error) bool {
	return errors.Is(err, formats.ErrUnreadable) || isA[*model.Error](err) || isA[*contract.Error](err)
}

func (q *question) lookInto(ctx context.Context) (*answer, error) {
	f, err := os.Open(q.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if q.Model {
		m, err := model.Inspect(ctx, f, st.Size(), q.File)
		if errors.Is(err, model.ErrUnknown) {
			err = nil
		}
		return &answer{Model: m}, err
	}
	o := &tables.Options{Sketch: true, Unordered: q.Unordered, Dir: q.Dir}
	if q.Contract != "" {
		if o.Contract, err = contract.Parse([]byte(q.Contract)); err != nil {
			return nil, err
		}
		debug.SetGCPercent(40) // more is kept than for a table alone, so less garbage may pile up
	}
	var chunks chunkRanges
	o.Chunk = chunks.add
	bytes := transfer.NewSummer(f, st.Size())
	found, report, err := tables.Inspect(ctx, q.Format, bytes, st.Size(), o)
	if err != nil {
		return nil, err
	}
	a := &answer{Table: tableOf(found), Ranges: chunks.sorted(), Report: report}
	if a.Sum, err = bytes.Sum(ctx); err != nil {
		return nil, err
	}
	if report == nil || report.OK() {
		return a, nil
	}
	a.Broken = o.Contract.WithoutBadRows(report)
	return a, q.split(ctx, f, st.Size(), a)
}

// chunkRanges collects column chunks, of which several readers tell.
type chunkRanges struct {
	mu     sync.Mutex
	ranges []layout.Range
}

func (c *chunkRanges) add(chunk parquet.Chunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if chunk.Length > 0 {
		c.ranges = append(c.ranges, layout.Range{Offset: chunk.Offset, Size: chunk.Length, Digest: chunk.Digest})
	}
}

// sorted returns the chunks by offset; none if some overlap, as no writer has them.
func (c *chunkRanges) sorted() []layout.Range {
	slices.SortFunc(c.ranges, func(a, b layout.Range) int { return cmp.Compare(a.Offset, b.Offset) })
	for i := range c.ranges[min(1, len(c.ranges)):] {
		if c.ranges[i].Offset+c.ranges[i].Size > c.ranges[i+1].Offset {
			return nil
		}
	}
	// The four bytes that every Parquet file begins with, or the first chunk could not be
	// copied: no part before another is that small.
	if len(c.ranges) > 0 && c.ranges[0].Offset >= int64(len(magic)) {
		start := layout.Range{Size: int64(len(magic)), Digest: layout.Sum([]byte(magic))}
		return append([]layout.Range{start}, c.ranges...)
	}
	return c.ranges
}

const magic = "PAR1"

// split parts the rows that break the contract from the others.
func (q *question) split(ctx context.Context, f *os.File, size int64, a *answer) (err error) {
	if q.Bad == "" || a.Report.BadRows == 0 {
		return nil
	}
	debug.FreeOSMemory() // writers keep much too
	bad, err := os.OpenFile(q.Bad, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, bad.Close()) }()
	var good io.Writer // nil, and not a nil *os.File, if nobody wants them
	if q.Good != "" && a.Broken == "" {
		g, err := os.OpenFile(q.Good, os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			return err
		}
		defer func() { err = cmp.Or(err, g.Close()) }()
		good = g
	}
	return tables.Split(ctx, q.Format, f, size, a.Report.Reason, good, bad)
}

// tableOf is what a manifest says of t.
func tableOf(t *formats.Table) *layout.Table {
	if len(t.Columns) == 0 {
		return nil
	}
	out := &layout.Table{Rows: t.Rows}
	if !t.Digest.IsZero() {
		out.Digest = t.Digest.String()
	}
	if !t.Unordered.IsZero() {
		out.Unordered = t.Unordered.String()
	}
	for _, c := range t.Columns {
		column := layout.Column{Name: c.Name, Type: string(c.Type), Nulls: c.Nulls, Min: c.Min, Max: c.Max, Distinct: c.Distinct, Quantiles: c.Quantiles}
		if !c.Digest.IsZero() {
			column.Digest = c.Digest.String()
		}
		out.Columns = append(out.Columns, column)
	}
	return out
}
