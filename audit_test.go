package cairn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/transfer"
)

// auditOf returns the findings of an audit by their paths.
func auditOf(t *testing.T, r *cairn.Repo, dir string) map[string]*cairn.Finding {
	t.Helper()
	found := map[string]*cairn.Finding{}
	last := ""
	for f, err := range r.Audit(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		found[f.Path] = f
		last = f.Path
	}
	if last == "" {
		t.Error("the audit found nothing")
	}
	return found
}

// inspectTables is [inspect] for files that begin with "table"; those that begin
// with "hostile" cannot be looked into.
func inspectTables(ctx context.Context, file string) (*cairn.Inspected, error) {
	switch b, err := os.ReadFile(file); {
	case err != nil:
		return nil, err
	case strings.HasPrefix(string(b), "hostile"):
		return nil, fmt.Errorf("%w: not a readable table", cairn.ErrRefused)
	case strings.HasPrefix(string(b), "table"):
		return inspect(ctx, file)
	}
	return nil, nil
}

// publishOn publishes one file for a date, under a label if there is one.
func publishOn(t *testing.T, r *cairn.Repo, date layout.Date, label layout.Name, content string) *cairn.Outcome {
	t.Helper()
	p := publication(t, tree(t, "out.csv", content))
	p.Date, p.Label = date, label
	return publish(t, r, p)
}

func TestAudit(t *testing.T) {
	s := mem.New()
	r := openRepo(t, s, &cairn.Options{Inspect: inspectTables})
	replaced := publishOn(t, r, june17, "", "replaced")
	labelled := publishOn(t, r, june17, "v1", "labelled")
	current := publishOn(t, r, june17, "", "table 1\nin one form")
	newest := publishOn(t, r, "2026-06-18", "", "table 2\nin one form")

	dir := tree(t,
		"replaced.csv", "replaced",
		"labelled.csv", "labelled",
		"features_latest.csv", "table 1\nin one form",
		"featuresFinal2.csv", "table 1\nin another",
		"a/latest/newest.csv", "table 2\nin a third",
		"b/copy of newest.csv", "table 2\nin one form",
		"unknown_latest.csv", "never published",
		"twin.csv", "never published",
		"alone.csv", "of a size that nothing else has",
		"empty.csv", "", "empty2.csv", "",
		"hostile.parquet", "hostile",
		".cairn/part", "labelled", "a/.cairn/part", "labelled",
		"store/cairn.json", "{}", "store/blob", "labelled",
	)
	outside := filepath.Join(tree(t, "secret", "labelled"), "secret")
	for name, target := range map[string]string{"latest": "labelled.csv", "out": outside, "folder": filepath.Dir(outside), "loop": "."} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	before := readAll(t, dir)
	var meter transfer.Meter
	found := auditOf(t, openRepo(t, s, &cairn.Options{Inspect: inspectTables, Meter: &meter}), dir)
	for _, c := range []struct {
		path   string
		status cairn.Status
		pin    layout.Pin
		words  string
		newer  layout.Pin
		twin   string
	}{
		{"replaced.csv", cairn.Known, replaced.Pin, "", layout.Pin{}, ""},
		{"labelled.csv", cairn.Safe, labelled.Pin, "", layout.Pin{}, ""},
		{"features_latest.csv", cairn.Safe, current.Pin, "latest", newest.Pin, ""},
		{"featuresFinal2.csv", cairn.Equal, current.Pin, "final", newest.Pin, ""},
		{"a/latest/newest.csv", cairn.Equal, newest.Pin, "latest newest", layout.Pin{}, ""},
		{"b/copy of newest.csv", cairn.Safe, newest.Pin, "copy newest", layout.Pin{}, ""},
		{"twin.csv", cairn.Unknown, layout.Pin{}, "", layout.Pin{}, ""},
		{"unknown_latest.csv", cairn.Unknown, layout.Pin{}, "latest", layout.Pin{}, "twin.csv"},
		{"alone.csv", cairn.Unknown, layout.Pin{}, "", layout.Pin{}, ""},
		{"empty.csv", cairn.Unknown, layout.Pin{}, "", layout.Pin{}, ""},
		{"empty2.csv", cairn.Unknown, layout.Pin{}, "", layout.Pin{}, ""},
		{"hostile.parquet", cairn.Unknown, layout.Pin{}, "", layout.Pin{}, ""},
		{"latest", cairn.Linked, layout.Pin{}, "latest", layout.Pin{}, ""},
		{"out", cairn.Linked, layout.Pin{}, "", layout.Pin{}, ""},
		{"folder", cairn.Linked, layout.Pin{}, "", layout.Pin{}, ""},
		{"loop", cairn.Linked, layout.Pin{}, "", layout.Pin{}, ""},
		{"store", cairn.Stored, layout.Pin{}, "", layout.Pin{}, ""},
	} {
		f := found[c.path]
		if f == nil {
			t.Errorf("%s was not found", c.path)
			continue
		}
		delete(found, c.path)
		var pin layout.Pin
		if len(f.Matches) > 0 {
			pin = f.Matches[0].Pin
		}
		if f.Status != c.status || pin != c.pin || strings.Join(f.Words, " ") != c.words || f.Newer != c.newer || f.Twin != c.twin {
			t.Errorf("%s: %+v", c.path, f)
		}
		if (f.Problem != "") != (c.path == "hostile.parquet") {
			t.Errorf("%s: the problem is %q", c.path, f.Problem)
		}
		// What has a size that nothing else has, is not read for its digest.
		if unread := c.path == "alone.csv" || c.path == "hostile.parquet" || c.status == cairn.Linked || c.status == cairn.Stored; f.Digest.IsZero() != unread {
			t.Errorf("%s: its digest is %s", c.path, f.Digest)
		}
	}
	for path := range found {
		t.Errorf("%s was found", path)
	}
	if total, read, not := meter.Total.Load(), meter.Moved.Load(), meter.Reused.Load(); total != read+not || not == 0 {
		t.Errorf("of %d bytes %d were read and %d not", total, read, not)
	}
	if after := readAll(t, dir); !slices.Equal(before, after) {
		t.Errorf("the audit changed the folder: %q, %q", before, after)
	}
}

// readAll lists what lies below dir.
func readAll(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if err == nil {
			all = append(all, fmt.Sprint(path, st.Mode(), st.Size(), st.ModTime()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A file is only safe to delete while the store has its bytes.
func TestAuditOfBytesThatAreLost(t *testing.T) {
	for _, c := range []struct{ lost, status string }{
		{"", "safe"}, {".csv", "known"}, {"_blobs.json", "known"},
	} {
		s := mem.New()
		r := openRepo(t, s, nil)
		publishOn(t, r, june17, "v1", "content")
		for info, err := range s.List(t.Context(), string(flights)+"/date=", nil) {
			if err != nil {
				t.Fatal(err)
			}
			if c.lost != "" && strings.HasSuffix(info.Key, c.lost) {
				if err := s.Delete(t.Context(), info.Key); err != nil {
					t.Fatal(err)
				}
			}
		}
		f := auditOf(t, r, tree(t, "x", "content"))["x"]
		if string(f.Status) != c.status || len(f.Matches) != 1 || (f.Problem == "") != (c.lost == "") {
			t.Errorf("without %q: %+v", c.lost, f)
		}
	}
}

// Hundreds of files are found in order, also if some of them change or vanish
// meanwhile. The store is only read.
func TestAuditOfManyFiles(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	r := openRepo(t, s, nil)
	var content []string
	for i := range 100 {
		content = append(content, fmt.Sprintf("f%d", i), fmt.Sprintf("content %d", i))
	}
	publish(t, r, publication(t, tree(t, content...)))
	var files []string
	for i := range 700 {
		files = append(files, fmt.Sprintf("%02d/%03d", i%10, i), fmt.Sprintf("content %d", i%200))
	}
	dir := tree(t, files...)
	s.Take()
	tally, last := cairn.NewTally(), ""
	for f, err := range r.Audit(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		if last == "" {
			// What is not read yet, and will be another file or none.
			if err := errors.Join(os.Remove(filepath.Join(dir, "09/699")), os.WriteFile(filepath.Join(dir, "09/689"), nil, 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		if f.Path <= last {
			t.Errorf("%s comes after %s", f.Path, last)
		}
		last = f.Path
		tally.Add(f)
	}
	safe, unknown, unread := tally.ByStatus[cairn.Safe].Files, tally.ByStatus[cairn.Unknown].Files, tally.ByStatus[cairn.Unread].Files
	if safe != 398 || unknown != 300 || unread != 2 {
		t.Errorf("%d files are safe, %d unknown, %d unread", safe, unknown, unread)
	}
	calls := s.Take()
	for _, c := range calls {
		if c.Op != "open" && c.Op != "stat" && c.Op != "list" {
			t.Errorf("the audit did %s %s", c.Op, c.Key)
		}
	}
	if len(calls) > 20 {
		t.Errorf("%d calls for one version of 100 files", len(calls))
	}
}

// Further names of a file add nothing to the bytes, and whoever stops listening
// ends the audit.
func TestAuditOfLinksAndItsEnd(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	publishOn(t, r, june17, "v1", "content")
	dir := tree(t, "a", "content", "b", "first", "c", "first", "d", "first")
	if err := os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "a2")); err != nil {
		t.Fatal(err)
	}
	tally := cairn.NewTally()
	for f, err := range r.Audit(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		tally.Add(f)
	}
	if got, want := tally.ByStatus[cairn.Safe], (cairn.Count{Files: 2, Bytes: 7}); got != want {
		t.Errorf("safe: %+v, not %+v", got, want)
	}
	if tally.All != (cairn.Count{Files: 5, Bytes: 22}) || tally.Twins != (cairn.Count{Files: 3, Bytes: 10}) {
		t.Errorf("%+v", tally)
	}
	for range r.Audit(t.Context(), dir) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range r.Audit(ctx, dir) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("when it is told to stop: %v", last)
	}
}

func TestAuditRefuses(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	dir := tree(t, "store/cairn.json", "{}", "store/features/x", "x", "file", "x")
	if err := os.Symlink(filepath.Join(dir, "store", "features"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	publishOn(t, r, june17, "", "content")
	for path, want := range map[string]error{
		"store": cairn.ErrRefused, "store/features": cairn.ErrRefused, "link": cairn.ErrRefused,
		"file": syscall.ENOTDIR, "none": os.ErrNotExist,
	} {
		for f, err := range r.Audit(t.Context(), filepath.Join(dir, path)) {
			if !errors.Is(err, want) {
				t.Errorf("%s: %+v, %v", path, f, err)
			}
		}
	}
	for _, err := range openRepo(t, mem.New(), nil).Audit(t.Context(), dir) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("without a store: %v", err)
		}
	}
}

func TestIdentify(t *testing.T) {
	r := openRepo(t, mem.New(), &cairn.Options{Inspect: inspectTables})
	old := publishOn(t, r, june17, "", "table 1\nfirst")
	again := publishOn(t, r, june17, "", "table 1\nsecond")
	late := publishOn(t, r, "2026-06-19", "v3", "table 1\nfirst")
	c, err := r.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The same bytes first, newer versions first; a table's data also by the bytes.
	got := c.Identify(layout.File{Digest: layout.Sum([]byte("table 1\nfirst"))})
	want := []cairn.Match{
		{Pin: late.Pin, Path: "out.csv", Date: "2026-06-19", Names: []layout.Name{"v3"}, How: cairn.SameBytes, Current: true, Newest: true},
		{Pin: old.Pin, Path: "out.csv", Date: june17, How: cairn.SameBytes},
		{Pin: again.Pin, Path: "out.csv", Date: june17, How: cairn.SameTable, Current: true},
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%+v", got)
	}
	if pin, date, ok := c.Newest(flights); pin != late.Pin || date != "2026-06-19" || !ok {
		t.Errorf("the newest is %s of %s", pin, date)
	}
	if _, _, ok := c.Newest("datasets/none"); ok {
		t.Error("an artifact that is not there has a newest version")
	}
	for _, nothing := range []layout.File{{}, {Digest: layout.Sum(nil)}, {Table: &layout.Table{Digest: "b3t:" + strings.Repeat("0f", 40)}}, {Table: &layout.Table{}}} {
		if got := c.Identify(nothing); len(got) != 0 {
			t.Errorf("%+v is %+v", nothing, got)
		}
	}
	file := filepath.Join(tree(t, "x", "table 1\nthird"), "x")
	if f, err := c.IdentifyFile(t.Context(), file); err != nil || f.Status != cairn.Equal || f.Matches[0].Pin != late.Pin || len(f.Matches) != 3 {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := c.IdentifyFile(t.Context(), filepath.Dir(file)); !errors.Is(err, cairn.ErrRefused) {
		t.Errorf("a folder: %v", err)
	}
}

// A store that has lost something says so, instead of calling files unknown.
func TestCatalogueOfDamagedStore(t *testing.T) {
	for _, part := range []string{"/_manifests/", "/_heads/"} {
		s := mem.New()
		r := openRepo(t, s, nil)
		publishOn(t, r, june17, "v1", "one")
		publishOn(t, r, june17, "", "two")
		for info, err := range s.List(t.Context(), string(flights)+part, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Delete(t.Context(), info.Key); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Catalogue(t.Context()); !errors.Is(err, cairn.ErrCorrupt) {
			t.Errorf("without %s: %v", part, err)
		}
	}
}
