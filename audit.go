package cairn

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Status says how much the store knows of a file.
type Status string

// The statuses. Of all of them only Safe says that a file may go.
const (
	// Safe: a head, pointer or label names a version with exactly these bytes,
	// and the store has them under their name in their size.
	Safe Status = "safe"
	// Known: a version has exactly these bytes, and nothing is promised of them:
	// it was replaced, or they are gone.
	Known Status = "known"
	// Equal: a version has the same data, in other bytes.
	Equal Status = "same-data"
	// Unknown: no version has it.
	Unknown Status = "unknown"
	// Unread: the file or folder could not be read.
	Unread Status = "unread"
	// Linked: a symbolic link, which is not followed.
	Linked Status = "link"
	// Stored: the folder of a store, which is passed over with all that is in it.
	Stored Status = "store"
)

// A Finding is what an audit says of one file.
type Finding struct {
	Path     string // below the folder, with slashes
	Size     int64  // bytes; zero of a link or folder
	Modified time.Time
	Status   Status
	Digest   layout.Digest // zero if the file was not read, since nothing else has its size
	Matches  []Match       // what it is; see [Catalogue.Identify]
	Link     string        // where a link leads, as it says

	// Words are those of the path that say which version it is without saying
	// which: latest, final, old. Newer is set if one of them claims that the file
	// is the newest, and it is an older version than that one.
	Words     []string
	Newer     layout.Pin
	NewerDate layout.Date

	Twin    string // a file with the same bytes that was found before
	Problem string // why it was not read, or not wholly understood

	inode inode
}

// Audit says of every file below the folder dir what the store knows of it,
// folder by folder and in the order of names. Nothing is changed. Links are not
// followed, folders named .cairn and stores are passed over, and a file that
// cannot be read, or claims to be a table and is none, is a Finding like others.
// The error, which ends the audit, is one of the store, of ctx, or of dir itself.
//
// A file is read only if a version or another file has its size, or to see what
// table it holds; reading is counted by the Meter as moved.
func (r *Repo) Audit(ctx context.Context, dir string) iter.Seq2[*Finding, error] {
	return func(yield func(*Finding, error) bool) {
		if err := r.audit(ctx, dir, yield); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// errStopped ends an audit whose caller has heard enough.
var errStopped = errors.New("stopped")

func (r *Repo) audit(ctx context.Context, dir string, yield func(*Finding, error) bool) error {
	found, err := walk(ctx, dir)
	if err != nil {
		return err
	}
	c, err := r.Catalogue(ctx)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	x := &auditor{c, root, map[int64]int{}}
	for _, f := range found {
		x.sizes[f.Size]++
		r.options.Meter.Expect(f.Size)
	}
	twins := map[layout.Digest]string{}
	return inOrder(ctx, runtime.GOMAXPROCS(0), found, x.look, func(f *Finding) bool {
		if !f.Digest.IsZero() && f.Size > 0 {
			if f.Twin = twins[f.Digest]; f.Twin == "" {
				twins[f.Digest] = f.Path
			}
		}
		return yield(f, nil)
	})
}

// An auditor looks at the files below a folder.
type auditor struct {
	*Catalogue
	root  *os.Root
	sizes map[int64]int // how many files have each
}

// look completes a finding. Its error ends the audit.
func (x *auditor) look(ctx context.Context, f *Finding) error {
	if f.Status != "" {
		return nil
	}
	if x.Catalogue.sizes[f.Size] || x.sizes[f.Size] > 1 {
		if err := x.read(ctx, f); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			f.Status, f.Problem = Unread, cause(err)
			return nil
		}
	} else {
		x.repo.options.Meter.Reuse(f.Size)
	}
	return x.examine(ctx, f, filepath.Join(x.root.Name(), filepath.FromSlash(f.Path)))
}

// read names the bytes of a file, which no link leads out of the folder to.
func (x *auditor) read(ctx context.Context, f *Finding) error {
	file, err := x.root.Open(filepath.FromSlash(f.Path))
	if err != nil {
		return err
	}
	defer file.Close()
	return x.sum(ctx, f, file)
}

// sum names the bytes of a file that is not changing.
func (c *Catalogue) sum(ctx context.Context, f *Finding, file *os.File) error {
	id, err := identify(file)
	if err != nil {
		return err
	}
	meter := c.repo.options.Meter
	sum, err := transfer.SumOf(ctx, meter.Moving(file))
	if err != nil {
		return err
	}
	if id.unchanged() != nil || sum.Size != f.Size {
		return ErrChanged
	}
	meter.Done()
	f.Digest = sum.Digest
	return nil
}

// examine says what a file is whose bytes are named, if they had to be.
func (c *Catalogue) examine(ctx context.Context, f *Finding, file string) error {
	asked := layout.File{Digest: f.Digest}
	f.Matches = c.Identify(asked)
	if len(f.Matches) == 0 && len(c.byData) > 0 && c.repo.options.Inspect != nil {
		switch in, err := c.repo.options.Inspect(ctx, file); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			f.Problem = cause(err)
		case in != nil:
			asked.Table = in.Table
		}
		f.Matches = c.Identify(asked)
	}
	c.compareName(f)
	return c.judge(ctx, f)
}

// compareName finds out whether a name claims what is not so.
func (c *Catalogue) compareName(f *Finding) {
	isNewest := func(m Match) bool { return m.Newest }
	if len(f.Matches) == 0 || !slices.ContainsFunc(f.Words, claimsNewest) || slices.ContainsFunc(f.Matches, isNewest) {
		return
	}
	if pin, date, ok := c.Newest(f.Matches[0].Pin.Artifact); ok {
		f.Newer, f.NewerDate = pin, date
	}
}

func (c *Catalogue) judge(ctx context.Context, f *Finding) error {
	f.Status = Unknown
	for i := range f.Matches {
		m := &f.Matches[i]
		if m.How == SameTable {
			if f.Status == Unknown {
				f.Status = Equal
			}
			break // the same bytes come first
		}
		f.Status = Known
		if !m.inUse() {
			continue
		}
		held, err := c.holds(ctx, m, f.Digest, f.Size)
		switch {
		case held:
			f.Status, f.Problem = Safe, ""
			return nil
		case errors.Is(err, ErrCorrupt):
			f.Problem = err.Error()
		case err != nil:
			return err
		default:
			f.Problem = fmt.Sprintf("the store has lost its bytes, which %s needs", m.Pin)
		}
	}
	return nil
}

// IdentifyFile says what one file is, as [Repo.Audit] says it of many. The error
// is one of the store, of ctx, or of the file.
func (c *Catalogue) IdentifyFile(ctx context.Context, name string) (*Finding, error) {
	st, err := os.Stat(name) // whoever names a link means the file that it leads to
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: it is not a file", name, ErrRefused)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f := &Finding{Path: name, Size: st.Size(), Modified: st.ModTime(), Words: claims(filepath.Base(name))}
	c.repo.options.Meter.Expect(f.Size)
	if err := c.sum(ctx, f, file); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return f, c.examine(ctx, f, name)
}

// inOrder calls do for each of the items, some at once, and hands them to done
// in their order, until one fails or done wants no more. It clears items as it
// goes, so that what was learned of one does not stay.
func inOrder[T any](ctx context.Context, atOnce int, items []T, do func(context.Context, T) error, done func(T) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	type started struct {
		item   T
		result chan error
	}
	queue := make(chan started, atOnce-1)
	wg.Go(func() {
		defer close(queue)
		for i, item := range items {
			clear(items[i : i+1])
			s := started{item, make(chan error, 1)}
			select {
			case queue <- s:
			case <-ctx.Done():
				return
			}
			wg.Go(func() { s.result <- do(ctx, item) })
		}
	})
	for s := range queue {
		if err := <-s.result; err != nil {
			return err
		}
		if !done(s.item) {
			return errStopped
		}
	}
	return ctx.Err()
}
