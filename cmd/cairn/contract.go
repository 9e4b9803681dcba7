package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats/contract"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// contractFlags are those of verbs that hold tables against a contract.
type contractFlags struct{ contract, deadLetter string }

func (o *contractFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.contract, "contract", "", "file that says what the tables must be")
	f.StringVar(&o.deadLetter, "dead-letter", "", "file for the rows that break the contract, or a folder for one of each table; the other rows go on")
}

// check says whether the flags go together.
func (o *contractFlags) check(opaque bool) error {
	switch {
	case o.deadLetter != "" && o.contract == "":
		return usagef("--dead-letter is for rows that break a --contract, and there is none")
	case o.contract != "" && opaque:
		return usagef("--contract looks into files, which --opaque forbids")
	}
	return nil
}

// An unmet is a contract that a file breaks, which is a refusal.
type unmet struct{ *contract.Unmet }

func (e unmet) Is(target error) bool { return target == cairn.ErrRefused }

// A holder holds tables against a contract.
type holder struct {
	ins        *inspector
	text       string
	digest     layout.Digest
	drift      *contract.Drift // nil if the contract says nothing of it
	deadLetter string
	scratch    *scratch
}

// newHolder reads the contract. Whoever asks for a holder closes it.
func (a *app) newHolder(o *contractFlags, ins *inspector) (*holder, error) {
	text, drift, err := readContract(o.contract)
	if err != nil {
		return nil, err
	}
	s, err := newScratch(a.cacheDir(), false)
	if err != nil {
		return nil, err
	}
	return &holder{ins, text, layout.Sum([]byte(text)), drift, o.deadLetter, s}, nil
}

func (h *holder) close() error { return h.scratch.remove() }

func readContract(file string) (text string, drift *contract.Drift, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, contract.MaxBytes+1))
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, err)
	}
	c, err := contract.Parse(b)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w: %w", file, cairn.ErrRefused, err)
	}
	return string(b), c.Drift, nil
}

// A held is a table that has been held against a contract.
type held struct {
	file    string
	answer  *answer
	letters string // where its bad rows are, "" if they are nowhere
	good    string // where the others are, "" if nobody asked or there are none
}

// hold holds a table against the contract. If there is a place for dead letters,
// the bad rows are there afterwards. wantGood asks for a file of the other rows.
func (h *holder) hold(ctx context.Context, file string, wantGood bool) (*held, error) {
	format, _, _, err := formatOf(file)
	if err != nil {
		return nil, err
	}
	if format == "" {
		return nil, fmt.Errorf("%s: %w: a contract is about tables, and it is neither Parquet, Arrow nor named .csv, .tsv, .ndjson or .jsonl", file, cairn.ErrRefused)
	}
	q := &question{File: file, Format: format, Contract: h.text, Dir: h.scratch.dir, Unordered: h.ins.unordered}
	out := &held{file: file}
	var letters string
	if h.deadLetter != "" {
		letters = h.lettersOf(file)
		if q.Bad, err = makeFile(letters + "." + strconv.Itoa(os.Getpid()) + ".part"); err != nil {
			return nil, err
		}
		defer os.Remove(q.Bad)
		if wantGood {
			if out.good, err = h.placeForGood(file); err != nil {
				return nil, err
			}
			q.Good = out.good
		}
	}
	if out.answer, err = h.ins.check(ctx, q); err != nil {
		return nil, err
	}
	if r := out.answer.Report; r.BadRows == 0 || q.Bad == "" {
		return out, nil
	}
	out.letters = letters
	return out, keep(ctx, q.Bad, letters)
}

// lettersOf returns where the bad rows of a file go.
func (h *holder) lettersOf(file string) string {
	if st, err := os.Stat(h.deadLetter); err == nil && st.IsDir() {
		return filepath.Join(h.deadLetter, filepath.Base(file))
	}
	return h.deadLetter
}

// keep gives dead letters their name. Others under that name are not replaced, since
// nobody may have looked at them yet; but a step that is tried again finds its own.
func keep(ctx context.Context, part, letters string) error {
	there, err := sumFile(ctx, letters)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Rename(part, letters)
	}
	if err != nil {
		return err
	}
	if now, err := sumFile(ctx, part); err != nil || now.Digest != there.Digest {
		return cmp.Or(err, fmt.Errorf("%s: %w: other dead letters are there, or something else is; move it away", letters, cairn.ErrRefused))
	}
	return nil
}

func sumFile(ctx context.Context, file string) (transfer.Sum, error) {
	f, err := os.Open(file)
	if err != nil {
		return transfer.Sum{}, err
	}
	defer f.Close()
	sum, err := transfer.SumOf(ctx, f)
	if err != nil {
		err = fmt.Errorf("reading %s: %w", file, err)
	}
	return sum, err
}

// placeForGood makes a file of the same base name, in a folder of its own.
func (h *holder) placeForGood(file string) (string, error) {
	dir, err := os.MkdirTemp(h.scratch.dir, "good-")
	if err != nil {
		return "", err
	}
	return makeFile(filepath.Join(dir, filepath.Base(file)))
}

func makeFile(name string) (string, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return "", err
	}
	return name, f.Close()
}

// err says how the table breaks the contract, if not all is well without its bad
// rows.
func (d *held) err() error {
	r := d.answer.Report
	if r.OK() || d.letters != "" && d.answer.Broken == "" {
		return nil
	}
	e := &contract.Unmet{File: d.file, Report: r}
	if d.letters != "" {
		e.Reason = d.answer.Broken + "; the bad rows are in " + d.letters
	}
	return unmet{e}
}

// holdAll holds the tables of a publication against the contract, and has their
// good rows published in their place where there are bad ones.
func (a *app) holdAll(ctx context.Context, r *cairn.Repo, h *holder, p *cairn.Publication) error {
	tables, err := tablesOf(p.Files)
	if err != nil {
		return err
	}
	if err := h.checkPlace(len(tables)); err != nil {
		return err
	}
	var held []layout.File // as they are to be published
	for _, s := range tables {
		d, err := h.hold(ctx, s.File, true)
		if err != nil {
			return err
		}
		if err := d.err(); err != nil {
			return err
		}
		if d.letters == "" {
			held = append(held, layout.File{Path: s.Path, Table: d.answer.Table})
			continue
		}
		again, err := (&holder{ins: h.ins, text: h.text, scratch: h.scratch}).hold(ctx, d.good, false)
		if err != nil {
			return fmt.Errorf("%s without its bad rows: %w", s.File, err)
		}
		if r := again.answer.Report; !r.OK() {
			return unmet{&contract.Unmet{File: s.File, Report: r, Reason: "this is without its bad rows, which are in " + d.letters}}
		}
		a.noteLetters(d)
		s.File = d.good
		held = append(held, layout.File{Path: s.Path, Table: again.answer.Table})
	}
	p.Contract = h.digest
	if h.drift == nil {
		return nil
	}
	return a.checkDrift(ctx, r, p.Artifact, h.drift, held)
}

// tablesOf returns the sources that claim to be tables.
func tablesOf(sources []cairn.Source) ([]*cairn.Source, error) {
	var tables []*cairn.Source
	for i := range sources {
		format, _, _, err := formatOf(sources[i].File)
		if err != nil {
			return nil, err
		}
		if format != "" {
			tables = append(tables, &sources[i])
		}
	}
	if len(tables) == 0 {
		return nil, fmt.Errorf("%w: a contract is about tables, and none of the files is Parquet, Arrow or named .csv, .tsv, .ndjson or .jsonl", cairn.ErrRefused)
	}
	return tables, nil
}

// checkPlace checks that there is room for the bad rows of so many tables.
func (h *holder) checkPlace(tables int) error {
	if h.deadLetter == "" || tables == 1 {
		return nil
	}
	if st, err := os.Stat(h.deadLetter); err != nil || !st.IsDir() {
		return fmt.Errorf("%s: %w: for %s, --dead-letter is a folder that is there", h.deadLetter, cairn.ErrRefused, plural(tables, "table"))
	}
	return nil
}

func (a *app) noteLetters(d *held) {
	r := d.answer.Report
	a.note("%s: %d of %s are bad, and in %s", d.file, r.BadRows, plural(int(r.Rows), "row"), d.letters)
}
