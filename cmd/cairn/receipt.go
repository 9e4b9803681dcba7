package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
)

func (a *app) leaveReceipt(dir string, ref layout.Ref, versions []*cairn.Version) error {
	url, err := a.storeURL()
	if err != nil {
		return err
	}
	return cairn.NewReceipt(url, ref, versions).Write(dir)
}

// addReceipts makes inputs of p of what the receipts in folders say, or in the
// working directory if none is given. It returns the references that were pulled.
//
// A version of the partition that is to be published is none of its inputs: who
// pulls a version to correct it replaces it.
func (a *app) addReceipts(ctx context.Context, r *cairn.Repo, p *cairn.Publication, folders []string) ([]layout.Ref, error) {
	if len(folders) == 0 {
		folders = []string{"."}
	}
	var refs []layout.Ref
	for _, folder := range folders {
		receipts, err := cairn.ReadReceipts(folder)
		if err != nil {
			return nil, err
		}
		for _, rc := range receipts {
			if err := a.checkReceipt(ctx, r, folder, rc); err != nil {
				return nil, err
			}
			refs = append(refs, rc.Ref)
			for _, in := range rc.Versions {
				if in.Artifact == p.Artifact && in.Date == p.Date {
					a.note("not an input, since it is replaced: %s@%s", in.Artifact, in.Version.Short())
					continue
				}
				a.note("input %s@%s, by the receipt of %s in %s", in.Artifact, in.Version.Short(), rc.Ref, folder)
				p.Inputs = append(p.Inputs, in.Pin().Ref())
			}
		}
	}
	return refs, nil
}

// checkReceipt refuses a receipt of versions that are not in the store. One that
// was written under another URL may still be of the same store, or of a copy.
func (a *app) checkReceipt(ctx context.Context, r *cairn.Repo, folder string, rc *cairn.Receipt) error {
	url, err := a.storeURL()
	if err != nil || url == rc.Store {
		return err
	}
	for _, in := range rc.Versions {
		if _, err := r.Resolve(ctx, in.Pin().Ref()); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s was pulled into %s from the store %s, and this store does not have %s@%s; publish it here first, or give other --inputs-from",
				cairn.ErrRefused, rc.Ref, folder, rc.Store, in.Artifact, in.Version.Short())
		} else if err != nil {
			return err
		}
	}
	return nil
}

// gateInputs adds the inputs of receipts to p, and the rules that they must
// keep. Ages are counted from the date that is published.
func (a *app) gateInputs(ctx context.Context, r *cairn.Repo, o *pushOptions, p *cairn.Publication) error {
	asked := p.Inputs
	pulled, err := a.addReceipts(ctx, r, p, o.inputsFrom)
	if err != nil {
		return err
	}
	if p.Gate, err = o.gate.gate(slices.Concat(asked, pulled), p.Date); err != nil {
		return err
	}
	p.Gate.Expect, err = a.lockRefs(ctx, r, p.Gate.Expect)
	return err
}
