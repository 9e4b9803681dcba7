package cairn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/layout/lineage"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

func parseRef(t *testing.T, s string) layout.Ref {
	t.Helper()
	ref, err := layout.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func parseRefs(t *testing.T, s string) []layout.Ref {
	t.Helper()
	var refs []layout.Ref
	for _, text := range strings.Fields(s) {
		refs = append(refs, parseRef(t, text))
	}
	return refs
}

// made publishes a small version. What is in it is text; its table has rows.
func made(t *testing.T, r *cairn.Repo, artifact layout.Artifact, date layout.Date, label layout.Name, text, inputs string) *cairn.Outcome {
	t.Helper()
	p := publication(t, tree(t, "data.csv", text))
	p.Artifact, p.Date, p.Label, p.Inputs = artifact, date, label, parseRefs(t, inputs)
	return publish(t, r, p)
}

// rowsAre is an Inspect that takes a file for a table of as many rows as it has
// bytes, unless it is empty.
func rowsAre(_ context.Context, file string) (*cairn.Inspected, error) {
	st, err := os.Stat(file)
	if err != nil || st.Size() == 0 {
		return nil, err
	}
	return &cairn.Inspected{Table: &layout.Table{Rows: st.Size(), Columns: []layout.Column{{Name: "a", Type: "int64"}}}}, nil
}

// story is the incident: customers v1, features of v1, then v2; and around it
// windows, a tainted dataset, and a gap.
func story(t *testing.T, s store.Store) *cairn.Repo {
	r := openRepo(t, s, &cairn.Options{Inspect: rowsAre})
	made(t, r, "datasets/customers", "2026-06-17", "v1", "one", "")
	made(t, r, "features/churn", "2026-06-17", "f1", "features of one", "datasets/customers@v1")
	made(t, r, "datasets/customers", "2026-06-17", "v2", "two", "")
	made(t, r, "datasets/customers", "2026-06-24", "v3", "three", "")
	made(t, r, "labels/churn", "2026-06-17", "", "labels", "datasets/customers@v1")
	for _, d := range []layout.Date{"2026-06-01", "2026-06-02", "2026-06-03", "2026-06-05"} {
		made(t, r, "datasets/clicks", d, layout.Name("clicks-"+d[8:]), string("clicks of "+d), "")
		made(t, r, "features/clicks", d, "", string("features of "+d), string("datasets/clicks@"+d))
	}
	made(t, r, "features/window", "2026-06-03", "short", "window", "features/clicks@2026-06-02..2026-06-03")
	made(t, r, "datasets/clicks", "2026-06-01", "clicks-01-fixed", "other clicks", "")
	made(t, r, "features/other", "2026-06-03", "", "other", "datasets/clicks@2026-06-01..2026-06-02")
	made(t, r, "datasets/bad", "2026-06-17", "bad", "months", "")
	made(t, r, "features/bad", "2026-06-17", "", "features of months", "datasets/bad@bad")
	made(t, r, "models/bad", "2026-06-17", "", "model", "features/bad@2026-06-17")
	if _, err := r.Taint(t.Context(), parseRef(t, "datasets/bad@bad"), "the ages are in months"); err != nil {
		t.Fatal(err)
	}
	made(t, r, "datasets/none", "2026-06-17", "", "", "")
	return r
}

// Every rule, for what is pulled and for what is pushed: what is refused is
// refused with one sentence, before a byte is read or written.
func TestGate(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	r := story(t, s)
	pins := make(map[string]string)
	for _, ref := range []string{"datasets/customers@v1", "datasets/customers@v2", "datasets/customers@v3", "features/churn@f1", "datasets/bad@bad", "features/bad@2026-06-17", "models/bad@2026-06-17",
		"features/clicks@2026-06-01", "features/clicks@2026-06-05", "features/clicks@2026-06-02", "datasets/clicks@clicks-01", "datasets/clicks@clicks-01-fixed", "datasets/clicks@clicks-05", "features/window@short", "features/other@2026-06-03",
		"labels/churn@2026-06-17", "datasets/none@2026-06-17"} {
		v := mustResolve(t, r, ref)
		pins[ref] = string(v.Pin.Artifact) + "@" + v.Pin.Version.Short()
	}
	const week = "features/clicks@2026-06-01..2026-06-05"
	for _, c := range []struct {
		what string
		refs string
		gate *cairn.Gate
		want string // the sentence, in which {REF} stands for a pin; empty if it is let through
	}{
		{"no rule", "features/churn@f1", nil, ""},
		{"the right version", "features/churn@f1", &cairn.Gate{Expect: parseRefs(t, "datasets/customers@v1")}, ""},
		{"the wrong version", "features/churn@f1", &cairn.Gate{Expect: parseRefs(t, "datasets/customers@v2")},
			"{features/churn@f1} was made from {datasets/customers@v1} (v1), but {datasets/customers@v2} (v2) is expected"},
		{"a missing artifact", "features/churn@f1", &cairn.Gate{Expect: parseRefs(t, "datasets/clicks@clicks-05")},
			"{features/churn@f1} does not go back to any version of datasets/clicks, but {datasets/clicks@clicks-05} (clicks-05) is expected"},
		{"two versions by two paths, equal dates", "features/churn@f1 datasets/customers@v2", nil,
			"{features/churn@f1} was made from {datasets/customers@v1} (v1), but {datasets/customers@v2} (v2) is used beside it"},
		{"two versions by two paths, different dates", "features/churn@f1 datasets/customers@v3", nil,
			"{features/churn@f1} was made from {datasets/customers@v1} (v1), but {datasets/customers@v3} (v3) is used beside it"},
		{"the same, allowed", "features/churn@f1 datasets/customers@v3", &cairn.Gate{AllowMixed: []layout.Artifact{"datasets/customers"}}, ""},
		{"one version by two paths", "features/churn@f1 labels/churn@2026-06-17 datasets/customers@v1", nil, ""},
		{"two windows of increments", "features/window@short features/other@2026-06-03", nil, ""},
		{"a corrected partition under half of a window", "features/other@2026-06-03 " + week, nil,
			"{features/clicks@2026-06-01} was made from {datasets/clicks@clicks-01} (clicks-01), but {features/other@2026-06-03} was made from {datasets/clicks@clicks-01-fixed} (clicks-01-fixed)|" +
				"{features/other@2026-06-03} was made from {datasets/clicks@clicks-01-fixed} (clicks-01-fixed), but {features/clicks@2026-06-01} was made from {datasets/clicks@clicks-01} (clicks-01)"},
		{"tainted", "datasets/bad@bad", nil, "{datasets/bad@bad} (bad) is tainted: the ages are in months"},
		{"a tainted grandparent", "models/bad@2026-06-17", nil, "{features/bad@2026-06-17} was made from {datasets/bad@bad} (bad), which is tainted: the ages are in months"},
		{"fresh", "features/churn@f1", &cairn.Gate{MaxAge: 7, AsOf: "2026-06-24"}, ""},
		{"too old", "features/churn@f1", &cairn.Gate{MaxAge: 7, AsOf: "2026-06-25"},
			"{features/churn@f1} (f1) is of 2026-06-17, 8 days before 2026-06-25, and at most 7 are allowed"},
		{"an age and no date", "features/churn@f1", &cairn.Gate{MaxAge: 7}, "refused: a largest age is a number of days before a date, and that date must be given"},
		{"rows enough", "features/churn@f1", &cairn.Gate{MinRows: 15}, ""},
		{"too few rows", "features/churn@f1", &cairn.Gate{MinRows: 16}, "{features/churn@f1} (f1) has 15 rows, and at least 16 are required"},
		{"no table", "datasets/none@2026-06-17", &cairn.Gate{MinRows: 1}, "{datasets/none@2026-06-17} (2026-06-17) has no table whose rows are known, and at least 1 are required"},
		{"all dates", week, &cairn.Gate{RequireDates: parseRefs(t, "features/clicks@2026-06-01..2026-06-03")}, ""},
		{"a missing date", week, &cairn.Gate{RequireDates: parseRefs(t, week)}, "features/clicks of 2026-06-04 is missing, and every date of 2026-06-01..2026-06-05 is required"},
		{"no range", week, &cairn.Gate{RequireDates: parseRefs(t, "features/clicks@2026-06-01")}, "refused: dates are required as a range, and features/clicks@2026-06-01 is none"},
	} {
		for _, push := range []bool{false, true} {
			s.Take()
			unread := filepath.Join(t.TempDir(), "does not exist, so reading it would fail")
			var err error
			if push {
				_, err = r.Publish(t.Context(), &cairn.Publication{Artifact: "models/x", Date: "2026-07-01",
					Files: []cairn.Source{{Path: "x", File: unread}}, Inputs: parseRefs(t, c.refs), Gate: c.gate})
			} else {
				_, err = r.Check(t.Context(), parseRefs(t, c.refs), c.gate)
			}
			if c.want == "" {
				if push != errors.Is(err, os.ErrNotExist) || !push && err != nil {
					t.Errorf("%s: push %t: %v", c.what, push, err)
				}
				continue
			}
			if !errors.Is(err, cairn.ErrRefused) {
				t.Errorf("%s: push %t: %v", c.what, push, err)
				continue
			}
			want := c.want
			for ref, pin := range pins {
				want = strings.ReplaceAll(want, "{"+ref+"}", pin)
			}
			if got := err.Error(); !push && !slices.Contains(strings.Split(want, "|"), got) {
				t.Errorf("%s:\n got %s\nwant %s", c.what, got, want)
			}
			if v := (*lineage.Violation)(nil); !strings.HasPrefix(want, "refused: ") && !errors.As(err, &v) {
				t.Errorf("%s: it is no violation: %v", c.what, err)
			}
			for _, call := range s.Take() {
				if call.Op != "open" && call.Op != "list" || isBytes(call.Key) {
					t.Errorf("%s: push %t: %s", c.what, push, call)
				}
			}
		}
	}
}

// isBytes reports whether a key is of a blob, or of an index, which only a
// download needs.
func isBytes(key string) bool {
	k, err := layout.ParseKey(key)
	return err == nil && (k.Kind == layout.KindBlob || k.Kind == layout.KindIndex)
}

// An exception is part of what was made under it, and holds wherever that is
// used.
func TestAllowMixedIsRecorded(t *testing.T) {
	r := story(t, mem.New())
	p := publication(t, tree(t, "model", "weights"))
	p.Artifact, p.Inputs = "models/churn", parseRefs(t, "features/churn@f1 datasets/customers@v2")
	if _, err := r.Publish(t.Context(), p); !errors.Is(err, cairn.ErrRefused) {
		t.Fatalf("got %v", err)
	}
	p.Gate = &cairn.Gate{AllowMixed: []layout.Artifact{"datasets/x", "datasets/customers", "datasets/x"}}
	out := publish(t, r, p)
	if got := mustResolve(t, r, out.Pin.String()).Manifest.AllowMixed; !slices.Equal(got, []layout.Artifact{"datasets/customers", "datasets/x"}) {
		t.Errorf("the manifest records %v", got)
	}
	if _, err := r.Check(t.Context(), []layout.Ref{out.Pin.Ref()}, nil); err != nil {
		t.Errorf("it may not be used: %v", err)
	}
	p = publication(t, tree(t, "report", "good"))
	p.Artifact, p.Inputs = "reports/churn", []layout.Ref{out.Pin.Ref()}
	publish(t, r, p)
	p.Artifact, p.Inputs = "reports/other", append(p.Inputs, parseRef(t, "datasets/customers@v3"))
	if _, err := r.Publish(t.Context(), p); err != nil {
		// The model leads to two versions of customers, so it is no single one.
		t.Error(err)
	}
}

// A version that is missing from a lineage was lost, since manifests are kept.
func TestLineageWithAHole(t *testing.T) {
	s := mem.New()
	r := story(t, s)
	lost := mustResolve(t, r, "datasets/customers@v1")
	if err := s.Delete(t.Context(), layout.ManifestKey(lost.Pin).String()); err != nil {
		t.Fatal(err)
	}
	_, err := r.Check(t.Context(), parseRefs(t, "features/churn@f1"), nil)
	if !errors.Is(err, cairn.ErrCorrupt) || !strings.Contains(err.Error(), lost.Pin.Version.Hex()) {
		t.Errorf("got %v", err)
	}
}

// slow is a Store whose every call takes a second.
type slow struct{ store.Store }

func (s slow) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, store.Info, error) {
	time.Sleep(time.Second)
	return s.Store.Open(ctx, key, off, n)
}

func (s slow) List(ctx context.Context, prefix string, o *store.ListOptions) iter.Seq2[store.Info, error] {
	time.Sleep(time.Second)
	return s.Store.List(ctx, prefix, o)
}

const wide, deep = 100, 10

// wideAndDeep publishes 1,000 versions on 10 levels, each made from three of the
// level above, and one more made from all of the last level.
func wideAndDeep(t *testing.T, r *cairn.Repo) *cairn.Outcome {
	dir := tree(t, "a", "a")
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	date := func(i int) layout.Date { return layout.Date(day.AddDate(0, 0, i).Format(time.DateOnly)) }
	var before []*cairn.Outcome
	for level := range deep {
		var now []*cairn.Outcome
		for i := range wide {
			p := publication(t, dir)
			p.Artifact, p.Date, p.Params = layout.Artifact(fmt.Sprintf("level/n%d", level)), date(i), map[string]any{"i": float64(i)}
			if before != nil {
				for j := range 3 {
					p.Inputs = append(p.Inputs, before[(i+j)%wide].Pin.Ref())
				}
			}
			now = append(now, publish(t, r, p))
		}
		before = now
	}
	p := publication(t, dir)
	p.Artifact = "level/last"
	for _, v := range before {
		p.Inputs = append(p.Inputs, v.Pin.Ref())
	}
	return publish(t, r, p)
}

// A lineage of 1,000 versions on 10 levels, below one more, is checked in at most
// two rounds of requests a level, and reads each manifest once. On a store in which every
// call takes a second of a clock that stands still in between, the seconds are
// the rounds.
func TestGateOfAThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("publishes 1,000 versions")
	}
	m := mem.New()
	last := wideAndDeep(t, openRepo(t, m, nil))
	recorder := storetest.NewRecorder(m)
	synctest.Test(t, func(t *testing.T) {
		r := openRepo(t, slow{recorder}, nil)
		recorder.Take()
		started := time.Now()
		versions, err := r.Check(t.Context(), []layout.Ref{{Artifact: "level/last", From: june17}}, nil)
		if err != nil || versions[0].Pin != last.Pin {
			t.Fatalf("got %v, %v", versions, err)
		}
		rounds := int(time.Since(started) / time.Second)
		if levels := deep + 1; rounds > 2*levels || rounds < levels {
			t.Errorf("%d rounds", rounds)
		}
		t.Logf("%d rounds", rounds)
	})
	read := make(map[string]int)
	for _, c := range recorder.Take() {
		if k, err := layout.ParseKey(c.Key); err == nil && k.Kind == layout.KindManifest {
			read[c.Key]++
		}
	}
	if len(read) != wide*deep+1 {
		t.Errorf("%d manifests were read", len(read))
	}
	for key, n := range read {
		if n != 1 {
			t.Errorf("%s was read %d times", key, n)
		}
	}
}
