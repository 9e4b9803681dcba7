package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/formats"
	"github.com/cairnstore/cairn/formats/contract/tables"
	"github.com/cairnstore/cairn/layout"
)

// partFlags say what of a version is pulled.
type partFlags struct{ include, columns []string }

func (p *partFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&p.include, "include", nil, "files to pull, as a pattern of their paths; repeatable (default all)")
	f.StringSliceVar(&p.columns, "columns", nil, "columns to pull, of Parquet files; repeatable (default all)")
}

// options returns what the flags say; nil stands for all of a version.
func (p *partFlags) options(f *pflag.FlagSet) (*cairn.PullOptions, error) {
	for _, flag := range []struct {
		name  string
		given []string
	}{{"include", p.include}, {"columns", p.columns}} {
		if f.Changed(flag.name) && strings.Join(flag.given, "") == "" {
			return nil, usagef("--%s is given and names nothing", flag.name)
		}
	}
	if len(p.include)+len(p.columns) == 0 {
		return nil, nil
	}
	return &cairn.PullOptions{Include: p.include, Columns: p.columns}, nil
}

// measure notes how many files of v were pulled into dest, and their bytes.
func (p *pulled) measure(v *cairn.Version, dest string, o *cairn.PullOptions) error {
	files, err := v.Selected(o)
	if err != nil {
		return err
	}
	p.Files = len(files)
	for _, f := range files {
		if o == nil || len(o.Columns) == 0 {
			p.Bytes += f.Size
			continue
		}
		st, err := os.Stat(filepath.Join(dest, filepath.FromSlash(f.Path)))
		if err != nil {
			return err
		}
		p.Bytes += st.Size()
	}
	return nil
}

// pulledInto is where the files of one version go.
func pulledInto(dest string, ref layout.Ref, v *cairn.Version) string {
	if !ref.IsRange() {
		return dest
	}
	return filepath.Join(dest, string(layout.HeadName(v.Manifest.Date)))
}

// inspectPulled returns what a Parquet file holds that was made of columns. It is to
// blame only if it is broken, not if that took too much to find out.
func (i *inspector) inspectPulled(ctx context.Context, file string) (*cairn.Inspected, error) {
	st, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	a, err := i.ask(ctx, st.Size(), &question{File: file, Format: tables.Parquet})
	switch {
	case err == nil:
		return a.inspected(), nil
	case errors.Is(err, cairn.ErrRefused) && !errors.Is(err, errLost) && !errors.Is(err, errSlow):
		reason := strings.TrimPrefix(err.Error(), cairn.ErrRefused.Error()+": ")
		return nil, fmt.Errorf("%w: %s", formats.ErrUnreadable, strings.TrimPrefix(reason, formats.ErrUnreadable.Error()+": "))
	}
	return nil, err
}
