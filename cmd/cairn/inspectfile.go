package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats/contract/tables"
	"github.com/cairnstore/cairn/formats/model"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) inspectFileCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what a file holds, without trusting it",
		Long: `Say what a file on this machine holds: its digest and size; the columns of a table
(Parquet, Arrow, CSV, NDJSON); the tensors and metadata of a model (safetensors,
ONNX, GGUF, NumPy, pickle, joblib, PyTorch), and whether loading it can run code.
Nothing in the file is run, and a hostile one costs no more than a sentence.`,
		Example: "  cairn inspect model.pt",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.inspectFile(cmd.Context(), args[0]) },
	}
}

// An inspected is what is known of a file.
type inspected struct {
	File   string        `json:"file"`
	Digest layout.Digest `json:"digest"`
	Size   int64         `json:"size"`

	Format tables.Format `json:"format,omitempty"` // of a table
	Table  *layout.Table `json:"table,omitempty"`
	Model  *model.Model  `json:"model,omitempty"`

	// Problem is why a file that claims to be a table, or looks like a model, is none.
	Problem string `json:"problem,omitempty"`
}

func (a *app) inspectFile(ctx context.Context, file string) error {
	sum, err := sumFile(ctx, file)
	if err != nil {
		return err
	}
	out := &inspected{File: file, Digest: sum.Digest, Size: sum.Size}
	if err := out.look(ctx); err != nil {
		return err
	}
	return a.print(out.Digest, out, func() error { return a.printInspected(out) })
}

// look looks into the file. One that is not what it seems is no error: that is
// what somebody wants to know.
func (f *inspected) look(ctx context.Context) error {
	format, size, _, err := formatOf(f.File)
	if err != nil {
		return err
	}
	f.Format = format
	answer, err := newInspector().ask(ctx, size, &question{File: f.File, Format: format, Model: format == ""})
	if errors.Is(err, cairn.ErrRefused) {
		f.Problem = strings.TrimPrefix(err.Error(), cairn.ErrRefused.Error()+": ")
		return nil
	}
	if err != nil {
		return err
	}
	f.Table, f.Model = answer.Table, answer.Model
	return nil
}

func (a *app) printInspected(f *inspected) error {
	t := a.table()
	t.row("digest", f.Digest.String())
	t.row("size", size(f.Size))
	switch {
	case f.Problem != "":
		t.row("problem", printable(f.Problem))
	case f.Table != nil:
		t.row("table", fmt.Sprintf("%s, %s, %s", f.Format, plural(int(f.Table.Rows), "row"), plural(len(f.Table.Columns), "column")))
		t.row("data", dataText(f.Table))
	case f.Model != nil:
		modelRows(t, f.Model)
	default:
		t.row("holds", "neither a table nor a model that cairn knows")
	}
	if err := t.flush(); err != nil {
		return err
	}
	switch {
	case f.Table != nil:
		return a.printColumns(f.Table.Columns)
	case f.Model != nil:
		return a.printModel(f.Model)
	}
	return nil
}

func dataText(t *layout.Table) string {
	if t.Digest == "" {
		return "no digest, since a column has none"
	}
	return t.Digest
}

func (a *app) printColumns(columns []layout.Column) error {
	t := a.table("", "COLUMN", "TYPE AND VALUES")
	for _, c := range columns {
		t.row("", printable(c.Name), printable(columnText(&c)))
	}
	return t.flush()
}

func modelRows(t *table, m *model.Model) {
	t.row("model", strings.TrimSpace(m.Format+" "+printable(m.Version)))
	if m.ExecutesCode {
		t.row("DANGER", "CAN RUN CODE WHEN LOADED: load it only if you trust who wrote it")
	}
	if m.Weights != "" {
		t.row("weights", m.Weights)
	}
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		t.row("meta", printable(key)+"="+printable(m.Metadata[key]))
	}
	for _, w := range m.Warnings {
		t.row("warning", printable(w))
	}
	for _, g := range m.Globals {
		t.row("imports", printable(g))
	}
}

func (a *app) printModel(m *model.Model) error {
	if len(m.Tensors) == 0 {
		return nil
	}
	t := a.table("", "TENSOR", "TYPE", "SHAPE", "SIZE", "DIGEST")
	for _, x := range m.Tensors {
		t.row("", printable(x.Name), printable(x.DType), fmt.Sprint(x.Shape), size(x.Size), x.Digest)
	}
	return t.flush()
}
