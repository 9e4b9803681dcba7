package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) validateCommand() *cobra.Command {
	var o contractFlags
	var artifact string
	cmd := &cobra.Command{
		Use:   "validate FILE... --contract C",
		Short: "Say whether tables are what a contract says",
		Long: `Say whether tables meet a contract: Parquet and Arrow files, and what is named
.csv, .tsv, .ndjson or .jsonl. No store is needed. Ends with 2 if one does not, and
says which rules of which columns are broken, how often, and in which rows.

With --dead-letter the rows that break the contract are written to a file of the same
format, with the reason in a last column, and a table that meets the contract without
them passes. docs/contracts.md says what stands in a contract.`,
		Example: `  cairn validate customers.csv --contract customers.contract.yaml
  cairn validate day/*.parquet --contract events.contract.yaml --dead-letter bad/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.validate(cmd.Context(), &o, artifact, args) },
	}
	o.add(cmd.Flags())
	cmd.Flags().StringVar(&artifact, "artifact", "", "artifact whose version the contract's drift is measured against")
	return cmd
}

// A validated is what is said of a file.
type validated struct {
	File       string `json:"file"`
	OK         bool   `json:"ok"` // with dead letters: without its bad rows
	Contract   string `json:"contract"`
	Digest     string `json:"digest,omitempty"` // of the table
	Columns    int    `json:"columns"`
	DeadLetter string `json:"dead_letter,omitempty"`
	*contract.Report
}

func (a *app) validate(ctx context.Context, o *contractFlags, artifact string, files []string) error {
	if o.contract == "" {
		return usagef("give the contract: --contract FILE")
	}
	h, err := a.newHolder(o, newInspector())
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.checkPlace(len(files)); err != nil {
		return err
	}
	var broken []error
	var tables []layout.File
	for _, file := range files {
		d, err := h.hold(ctx, file, false)
		if err != nil {
			return err
		}
		if err := a.printHeld(d, h.digest); err != nil {
			return err
		}
		if err := d.err(); err != nil {
			broken = append(broken, err)
		}
		tables = append(tables, layout.File{Path: file, Table: d.answer.Table})
	}
	if len(broken) > 0 || h.drift == nil {
		return errors.Join(broken...)
	}
	return a.validateDrift(ctx, h, artifact, tables)
}

// validateDrift needs a store, and to know which artifact the tables are to be.
func (a *app) validateDrift(ctx context.Context, h *holder, artifact string, tables []layout.File) error {
	if artifact == "" {
		a.note("the drift from %s is not measured without --artifact", h.drift.Against)
		return nil
	}
	parsed, err := layout.ParseArtifact(artifact)
	if err != nil {
		return err
	}
	r, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	return a.checkDrift(ctx, r, parsed, h.drift, tables)
}

func (a *app) printHeld(d *held, contract layout.Digest) error {
	v := &validated{File: d.file, OK: d.err() == nil, Contract: contract.String(), DeadLetter: d.letters, Report: d.answer.Report}
	if t := d.answer.Table; t != nil {
		v.Digest, v.Columns = t.Digest, len(t.Columns)
	}
	switch {
	case a.quiet:
		return nil
	case a.json:
		return a.print(nil, v, nil)
	case !v.OK:
		return nil
	case d.letters != "":
		_, err := fmt.Fprintf(a.stdout, "%s: %d of %s are bad, and in %s\n", d.file, v.BadRows, plural(int(v.Rows), "row"), d.letters)
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "%s: meets its contract, %s, %s, %s\n", d.file, plural(int(v.Rows), "row"), plural(v.Columns, "column"), v.Digest)
	return err
}
