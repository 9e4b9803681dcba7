package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/transfer"
)

type adoptOptions struct {
	plan          string
	draft, dryRun bool
}

func (a *app) adoptCommand() *cobra.Command {
	var o adoptOptions
	cmd := &cobra.Command{
		Use:   "adopt DIR --plan PLAN",
		Short: "Publish the files of a folder that the store does not have",
		Long: `Publish files that lie on a volume, each as the version that a plan says, in the
order of the plan. --draft prints a plan for all files that an audit of the folder
calls unknown, with blanks for a person to fill in.

Everything is checked before anything is published: the plan, its files, that no
file and no name is in it twice, that the inputs are there or come from an entry
above, and that the store does not have a file under another artifact already, since
it would have two names then. Nothing on the volume is changed.

What the store has already is nothing to do, so that adopting again goes on where
it stopped. The meta adopted_from of a version says what its file was called.`,
		Example: `  cairn adopt /mnt/old-volume --draft > plan.yaml
  cairn adopt /mnt/old-volume --plan plan.yaml --dry-run
  cairn adopt /mnt/old-volume --plan plan.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.draft && (o.plan != "" || o.dryRun):
				return usagef("--draft prints a plan, and takes neither --plan nor --dry-run")
			case o.draft && (a.json || a.quiet):
				return usagef("--draft prints YAML, and takes neither --json nor -q")
			case o.draft:
				return a.draft(cmd.Context(), args[0])
			case o.plan == "":
				return usagef("give --plan FILE, or --draft to have one written")
			}
			return a.adopt(cmd.Context(), &o, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.plan, "plan", "", "YAML file that says which files become which versions")
	f.BoolVar(&o.draft, "draft", false, "print a plan for the files that the store does not have, and stop there")
	f.BoolVar(&o.dryRun, "dry-run", false, "check, print what would be published, and stop there")
	return cmd
}

func (a *app) draft(ctx context.Context, dir string) error {
	found, err := a.survey(ctx, dir, true)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.stdout, draftPlan(unknown(dir, found, a.stdoutFile())))
	return err
}

func (a *app) adopt(ctx context.Context, o *adoptOptions, dir string) error {
	p, err := readPlan(o.plan)
	if err != nil {
		return err
	}
	if err := p.find(dir); err != nil {
		return err
	}
	var meter transfer.Meter
	ins := newInspector()
	ins.note, ins.opaque = a.note, "cairn push --opaque"
	r, err := a.openWith(ctx, &cairn.Options{Meter: &meter, Inspect: ins.inspect})
	if err != nil {
		return err
	}
	found, err := a.survey(ctx, dir, o.dryRun)
	if err != nil {
		return err
	}
	if err := p.checkFound(found); err != nil {
		return err
	}
	if err := p.checkInputs(ctx, r); err != nil {
		return err
	}
	if o.dryRun {
		return a.printPlan(ctx, r, ins, p, dir, found)
	}
	for _, e := range p.entries {
		if err := a.adoptEntry(ctx, r, e, found, &meter); err != nil {
			return e.at(err)
		}
	}
	if a.quiet || a.json {
		return nil
	}
	return a.noteUnknown(ctx, dir, p)
}

// A surveyed is what an audit of a folder found, by path and in the order of paths.
type surveyed struct {
	files  []*cairn.Finding
	byPath map[string]*cairn.Finding
}

// survey audits a folder. Without looking into tables it says of equal bytes only
// whether the store has them, which is all that adopting rests on, and much faster.
func (a *app) survey(ctx context.Context, dir string, look bool) (*surveyed, error) {
	var meter transfer.Meter
	o := &cairn.Options{Meter: &meter}
	if look {
		o.Inspect = newInspector().inspect
	}
	r, err := a.openWith(ctx, o)
	if err != nil {
		return nil, err
	}
	if r, err = orEmpty(ctx, r, o); err != nil {
		return nil, err
	}
	defer a.follow("audit "+dir, &meter)()
	found := &surveyed{byPath: make(map[string]*cairn.Finding)}
	for f, err := range r.Audit(ctx, dir) {
		if err != nil {
			return nil, err
		}
		found.files, found.byPath[f.Path] = append(found.files, f), f
	}
	slices.SortFunc(found.files, func(x, y *cairn.Finding) int { return cmp.Compare(x.Path, y.Path) })
	return found, nil
}

// orEmpty returns r, or a store that has nothing where there is none yet: adopting
// may be the first thing that is done with cairn.
func orEmpty(ctx context.Context, r *cairn.Repo, o *cairn.Options) (*cairn.Repo, error) {
	for _, err := range r.Artifacts(ctx) {
		if !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
		marker, err := new(layout.Marker).Encode()
		if err != nil {
			return nil, err
		}
		empty := mem.New()
		if _, err := empty.Swap(ctx, layout.MarkerKey().String(), store.NoToken, marker); err != nil {
			return nil, err
		}
		return cairn.Open(ctx, empty, o)
	}
	return r, nil
}

// unknown returns the files that the store does not have, but for those that this
// program reads or writes itself.
func unknown(dir string, found *surveyed, own ...os.FileInfo) []*cairn.Finding {
	return slices.DeleteFunc(slices.Clone(found.files), func(f *cairn.Finding) bool {
		if f.Status != cairn.Unknown {
			return true
		}
		st, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Path)))
		return err == nil && slices.ContainsFunc(own, func(o os.FileInfo) bool { return o != nil && os.SameFile(st, o) })
	})
}

// stdoutFile returns the file that stdout is sent to: a plan that is being written
// into the folder is none of its files.
func (a *app) stdoutFile() os.FileInfo {
	f, ok := a.stdout.(*os.File)
	if !ok {
		return nil
	}
	st, err := f.Stat()
	if err != nil {
		return nil
	}
	return st
}

// stat returns the file of the plan, nil if it has gone.
func (p *plan) stat() os.FileInfo {
	st, err := os.Stat(p.path)
	if err != nil {
		return nil
	}
	return st
}

// checkFound refuses files that would have two names afterwards, and those that an
// audit passes over, since nobody would recognise them.
func (p *plan) checkFound(found *surveyed) error {
	first := make(map[layout.Digest]*planEntry)
	for _, e := range p.entries {
		for _, s := range e.Files {
			f := found.byPath[e.below(s)]
			switch {
			case f == nil:
				return e.invalid("%s is in a store, or in a folder that is cairn's own, and is none to adopt", e.below(s))
			case f.Status == cairn.Unread:
				return e.invalid("%s: %s", f.Path, f.Problem)
			case f.Size == 0 || f.Status == cairn.Linked: // all empty files are the same
				continue
			}
			if err := e.checkKnown(f); err != nil {
				return err
			}
			if f.Digest.IsZero() {
				continue
			}
			if other := first[f.Digest]; other == nil {
				first[f.Digest] = e
			} else if other.Artifact != e.Artifact {
				return e.invalid("%s has the same bytes as a file of %s, at %s, and would have two names", f.Path, other.Artifact, other.place)
			}
		}
	}
	return nil
}

// checkKnown refuses a file that only other artifacts have.
func (e *planEntry) checkKnown(f *cairn.Finding) error {
	same := sameBytes(f)
	if len(same) == 0 || slices.ContainsFunc(same, func(m cairn.Match) bool { return m.Pin.Artifact == e.Artifact }) {
		return nil
	}
	return e.at(fmt.Errorf("%w: %s is %s of %s already, and would have two names; delete the entry, or publish it with cairn push if it is to have both",
		cairn.ErrRefused, f.Path, same[0].Path, same[0].Pin))
}

func sameBytes(f *cairn.Finding) (same []cairn.Match) {
	for _, m := range f.Matches {
		if m.How == cairn.SameBytes {
			same = append(same, m)
		}
	}
	return same
}

// checkInputs refuses inputs that are neither there nor made by an entry above,
// and those that do not go together.
func (p *plan) checkInputs(ctx context.Context, r *cairn.Repo) error {
	for i, e := range p.entries {
		var versions []*cairn.Version
		for _, ref := range e.Inputs {
			switch found, err := r.Resolve(ctx, ref); {
			case err == nil:
				versions = append(versions, found...)
			case !errors.Is(err, fs.ErrNotExist):
				return e.at(fmt.Errorf("input %w", err))
			case makes(p.entries[:i], ref):
			case makes(p.entries[i:], ref):
				return e.invalid("input %s is made by an entry that does not stand above; move that one up", ref)
			default:
				return e.at(fmt.Errorf("input %w", err))
			}
		}
		if len(versions) == 0 {
			continue
		}
		if err := r.CheckVersions(ctx, versions, nil); err != nil {
			return e.at(err)
		}
	}
	return nil
}

// makes reports whether ref means a version that one of the entries makes.
func makes(entries []*planEntry, ref layout.Ref) bool {
	return slices.ContainsFunc(entries, func(e *planEntry) bool {
		switch {
		case ref.Artifact != e.Artifact:
			return false
		case ref.IsRange():
			return ref.From <= e.Date && e.Date <= ref.To
		case ref.Name != "":
			return ref.Name == e.Label || slices.Contains(e.Point, ref.Name)
		}
		return ref.From == e.Date
	})
}

// former returns the version of the same artifact and date that has all files of
// the entry, and whether it is the current one.
func (e *planEntry) former(found *surveyed) (pin layout.Pin, current, ok bool) {
	held := make(map[layout.Pin]int)
	for _, s := range e.Files {
		for _, m := range sameBytes(found.byPath[e.below(s)]) {
			if m.Pin.Artifact != e.Artifact || m.Date != e.Date || m.Path != s.Path {
				continue
			}
			if held[m.Pin]++; held[m.Pin] == len(e.Files) && !current {
				pin, current, ok = m.Pin, m.Current, true
			}
		}
	}
	return pin, current, ok
}

type adopted struct {
	Path     string `json:"path"`
	Pin      string `json:"pin"`
	Artifact string `json:"artifact"`
	Date     string `json:"date"`
	Version  string `json:"version"`
	Changed  bool   `json:"changed"`
}

func (a *app) adoptEntry(ctx context.Context, r *cairn.Repo, e *planEntry, found *surveyed, meter *transfer.Meter) error {
	if pin, current, ok := e.former(found); ok && !current {
		// Publishing it would put it in the place of what has replaced it since.
		a.note("%s: nothing to do: %s@%s has it, and was replaced since", printable(e.path), pin.Artifact, pin.Version.Short())
		return a.printAdopted(e, pin, false)
	}
	before, started := meter.Moved.Load(), time.Now()
	stop := a.follow("adopt "+e.path, meter)
	out, err := r.Publish(ctx, &e.Publication)
	stop()
	if err != nil {
		return err
	}
	m := out.Manifest
	if out.Changed {
		a.note("%s: published %s, %s (%s sent) in %s", printable(e.path), plural(len(m.Files), "file"), size(m.Size()),
			size(meter.Moved.Load()-before), time.Since(started).Round(time.Millisecond))
	} else {
		a.note("%s: nothing to do: %s has this version already", printable(e.path), e.Date)
	}
	if out.Changed && out.SameData {
		a.note("%s: same data, different bytes: the version before held the same", printable(e.path))
	}
	return a.printAdopted(e, out.Pin, out.Changed)
}

func (a *app) printAdopted(e *planEntry, pin layout.Pin, changed bool) error {
	return a.printPin(pin, &adopted{e.path, pin.String(), string(pin.Artifact), string(e.Date), pin.Version.String(), changed})
}

// noteUnknown says what is left to do.
func (a *app) noteUnknown(ctx context.Context, dir string, p *plan) error {
	found, err := a.survey(ctx, dir, true)
	if err != nil {
		return err
	}
	if left := unknown(dir, found, p.stat()); len(left) > 0 {
		a.note("still unknown to the store below %s: %s, %s; cairn adopt %s --draft lists them", dir, plural(len(left), "file"), size(sizeOfAll(left)), dir)
	} else {
		a.note("no file below %s is unknown to the store", dir)
	}
	return nil
}

func sizeOfAll(files []*cairn.Finding) (n int64) {
	for _, f := range files {
		n += f.Size
	}
	return n
}
