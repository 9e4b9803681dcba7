package cairn_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

// pinsOf are the artifacts and dates of versions, as one text.
func pinsOf(versions []*cairn.Traced) string {
	var texts []string
	for _, v := range versions {
		texts = append(texts, string(v.Pin.Artifact)+"@"+string(v.Manifest.Date[8:]))
	}
	return strings.Join(texts, " ")
}

func TestTrace(t *testing.T) {
	s := storetest.NewRecorder(mem.New())
	r := story(t, s)
	s.Take()
	trace, err := r.Trace(t.Context(), parseRef(t, "models/bad@2026-06-17"))
	if err != nil {
		t.Fatal(err)
	}
	if got := pinsOf(trace.Versions); got != "models/bad@17 features/bad@17 datasets/bad@17" {
		t.Errorf("it was made from %s", got)
	}
	if got := pinsOf(trace.Sources()); got != "datasets/bad@17" {
		t.Errorf("its sources are %s", got)
	}
	model, data := trace.Versions[0], trace.Versions[2]
	if trace.Roots[0] != model || model.Next[0].Next[0] != data {
		t.Errorf("the model comes from %s", pinsOf(model.Next))
	}
	if !slices.Equal(data.Names, []layout.Name{"bad"}) || len(data.Taints) != 1 || data.Pushed() == nil || data.Bytes != cairn.Present {
		t.Errorf("got %+v", data)
	}
	for _, c := range s.Take() {
		if k, err := layout.ParseKey(c.Key); err == nil && k.Kind == layout.KindBlob {
			t.Errorf("%s", c)
		}
	}
	// Two roots that share what they come from.
	trace, err = r.Trace(t.Context(), parseRefs(t, "labels/churn@2026-06-17 features/churn@f1 features/churn@f1")...)
	if err != nil {
		t.Fatal(err)
	}
	if got := pinsOf(trace.Roots) + " < " + pinsOf(trace.Versions); got != "labels/churn@17 features/churn@17 < features/churn@17 labels/churn@17 datasets/customers@17" {
		t.Errorf("got %s", got)
	}
}

func TestTraceDown(t *testing.T) {
	m := mem.New()
	r := story(t, m)
	trace, err := r.TraceDown(t.Context(), parseRefs(t, "datasets/customers@v1 datasets/clicks@2026-06-02 datasets/clicks@2026-06-02")...)
	if err != nil {
		t.Fatal(err)
	}
	want := "datasets/customers@17 datasets/clicks@02 features/churn@17 features/clicks@02 features/other@03 labels/churn@17 features/window@03"
	if got := pinsOf(trace.Versions); got != want || len(trace.Roots) != 2 {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	// An edge whose version was never published leads nowhere.
	data := mustResolve(t, r, "datasets/customers@v3")
	edge := &layout.Edge{Input: layout.Input{Artifact: data.Pin.Artifact, Date: data.Manifest.Date, Version: data.Pin.Version},
		Consumer: layout.Input{Artifact: "features/broken", Date: "2026-06-24", Version: layout.Sum([]byte("never"))}}
	b, err := edge.Encode()
	if err != nil {
		t.Fatal(err)
	}
	put(t, m, edge.Key().String(), b)
	if trace, err = r.TraceDown(t.Context(), parseRef(t, "datasets/customers@v3")); err != nil || len(trace.Versions) != 1 {
		t.Errorf("got %v, %v", trace, err)
	}
	// One to a version that does not know of it is damage.
	edge.Consumer.Artifact, edge.Consumer.Date = "datasets/clicks", "2026-06-05"
	edge.Consumer.Version = mustResolve(t, r, "datasets/clicks@2026-06-05").Pin.Version
	if b, err = edge.Encode(); err != nil {
		t.Fatal(err)
	}
	put(t, m, edge.Key().String(), b)
	if _, err = r.TraceDown(t.Context(), parseRef(t, "datasets/customers@v3")); !errors.Is(err, cairn.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

// What has become of bytes is told without reading them, and whether they are
// right by reading all.
func TestTraceOfDamage(t *testing.T) {
	m := mem.New()
	r := story(t, m)
	ref := parseRef(t, "features/churn@f1")
	source := func() *cairn.Traced {
		t.Helper()
		trace, err := r.Trace(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		return trace.Sources()[0]
	}
	verify := func() error {
		t.Helper()
		trace, err := r.Trace(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		return r.VerifyTrace(t.Context(), trace)
	}
	if err := verify(); err != nil {
		t.Errorf("nothing is damaged: %v", err)
	}
	var blob string
	digest := source().Manifest.Files[0].Digest
	for info, err := range m.List(t.Context(), "datasets/customers/date=", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(info.Key, digest.Hex()) {
			blob = info.Key
		}
	}
	damage(t, m, blob)
	if got := source().Bytes; got != cairn.Present {
		t.Errorf("of the right size they are %s", got)
	}
	if err := verify(); !errors.Is(err, cairn.ErrCorrupt) || !strings.Contains(err.Error(), blob) || !strings.Contains(err.Error(), source().Pin.String()) {
		t.Errorf("got %v", err)
	}
	if err := m.Delete(t.Context(), blob); err != nil {
		t.Fatal(err)
	}
	if got := source().Bytes; got != cairn.Missing {
		t.Errorf("without them they are %s", got)
	}
	if err := verify(); !errors.Is(err, cairn.ErrCorrupt) || !strings.Contains(err.Error(), blob) {
		t.Errorf("got %v", err)
	}
	// Once nothing has the version any more, that is no damage.
	pin := source().Pin
	for _, key := range []string{"datasets/customers/_heads/2026-06-17.json", "datasets/customers/_pointers/v1.json"} {
		if err := m.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if got := source(); got.Bytes != cairn.Gone || got.Pin != pin {
		t.Errorf("got %+v", got)
	}
	if err := verify(); err != nil {
		t.Errorf("got %v", err)
	}
}

// A taint is lifted by its name, whatever the order of clocks.
func TestTaint(t *testing.T) {
	r := story(t, mem.New())
	ref := parseRef(t, "datasets/customers@2026-06-17..2026-06-24")
	stated := func() (n int) {
		t.Helper()
		for _, name := range []string{"datasets/customers@v2", "datasets/customers@v3"} {
			records, err := mustResolve(t, r, name).Records(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n += len(records) - 1
		}
		return n
	}
	refused := func() bool {
		t.Helper()
		_, err := r.Check(t.Context(), parseRefs(t, "datasets/customers@v3"), nil)
		if err != nil && !errors.Is(err, cairn.ErrRefused) {
			t.Fatal(err)
		}
		return err != nil
	}
	for i, step := range []struct {
		say     func(reason string) error
		reason  string
		stated  int
		refused bool
	}{
		{untaint(t, r, ref), "nothing to lift", 0, false},
		{taint(t, r, ref), "one", 2, true},
		{taint(t, r, ref), "one", 2, true},
		{taint(t, r, ref), "two", 4, true},
		{untaint(t, r, ref), "both", 6, false},
		{untaint(t, r, ref), "again", 6, false},
		{taint(t, r, ref), "one", 8, true},
	} {
		if err := step.say(step.reason); err != nil {
			t.Fatal(err)
		}
		if stated() != step.stated || refused() != step.refused {
			t.Errorf("step %d: %d statements, refused %t", i, stated(), refused())
		}
	}
	if err := taint(t, r, ref)(" "); !errors.Is(err, cairn.ErrRefused) {
		t.Errorf("without a reason: %v", err)
	}
}

func taint(t *testing.T, r *cairn.Repo, ref layout.Ref) func(string) error {
	return func(reason string) error {
		_, err := r.Taint(t.Context(), ref, reason)
		return err
	}
}

func untaint(t *testing.T, r *cairn.Repo, ref layout.Ref) func(string) error {
	return func(reason string) error {
		_, err := r.Untaint(t.Context(), ref, reason)
		return err
	}
}

// What is tainted while its statement's answer is lost, or the store fails, is
// tainted once it was said again.
func TestTaintUnderFaults(t *testing.T) {
	prepare := func(t *testing.T, r *cairn.Repo) { publish(t, r, publication(t, tree(t, "a", "one"))) }
	ref := layout.Ref{Artifact: flights, From: june17}
	sweep(t, prepare, func(ctx context.Context, r *cairn.Repo) (*cairn.Version, error) {
		versions, err := r.Taint(ctx, ref, "wrong")
		if err != nil {
			return nil, err
		}
		return versions[0], nil
	}, func(t *testing.T, r *cairn.Repo) {
		if _, err := r.Check(t.Context(), []layout.Ref{ref}, nil); !errors.Is(err, cairn.ErrRefused) {
			t.Errorf("got %v", err)
		}
	})
}
