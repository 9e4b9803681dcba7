package cairn_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

// cutOff publishes dir through a store that dies at the call that starts with
// op and is of kind, and returns the scratch folder.
func cutOff(t *testing.T, s store.Store, dir string, op string, kind layout.Kind) string {
	t.Helper()
	for at := 0; ; at++ {
		trial, scratch := clone(t, s), t.TempDir()
		faulty := storetest.NewFaulty(trial, at, storetest.CrashAfter)
		r, err := cairn.Open(t.Context(), faulty, &cairn.Options{Scratch: scratch})
		if err == nil {
			_, err = r.Publish(t.Context(), publication(t, dir))
		}
		if err == nil {
			t.Fatalf("no %s of a %s", op, kind)
		}
		var key string
		var found string
		fmt.Sscanf(faulty.Suffered(), "%s %s", &found, &key)
		if k, err := layout.ParseKey(key); err == nil && k.Kind == kind && found == op {
			if err := storetest.Copy(t.Context(), s, trial); err != nil {
				t.Fatal(err)
			}
			return scratch
		}
	}
}

func clone(t *testing.T, s store.Store) *mem.Store {
	t.Helper()
	c := mem.New()
	if err := storetest.Copy(t.Context(), c, s); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSessionGoesOn(t *testing.T) {
	s := mem.New()
	dir := tree(t, "a", "one", "b", "two", "c", "three")
	scratch := cutOff(t, s, dir, "create", layout.KindIndex)
	rec := storetest.NewRecorder(s)
	out := publish(t, openRepo(t, rec, &cairn.Options{Scratch: scratch}), publication(t, dir))
	if n := countBlobs(rec.Take()); n != 0 {
		t.Errorf("%d blobs were uploaded again", n)
	}
	expectFiles(t, s, out.Pin, dir)
	if left, _ := filepath.Glob(filepath.Join(scratch, "sessions", "*")); len(left) != 0 {
		t.Errorf("the session that is done is still parked: %q", left)
	}
}

// A session that was cut off after it wrote its index cannot be used for other
// files; one whose epoch is over cannot be used at all.
func TestSessionIsRenewed(t *testing.T) {
	before, after := tree(t, "a", "one", "b", "two"), tree(t, "a", "one", "b", "other")
	t.Run("other files", func(t *testing.T) {
		s := mem.New()
		scratch := cutOff(t, s, before, "create", layout.KindIndex)
		out := publish(t, openRepo(t, s, &cairn.Options{Scratch: scratch}), publication(t, after))
		expectFiles(t, s, out.Pin, after)
	})
	t.Run("new epoch", func(t *testing.T) {
		s := mem.New()
		publish(t, openRepo(t, s, nil), publication(t, tree(t, "z", "z")))
		scratch := cutOff(t, s, before, "create", layout.KindIndex)
		fence(t, s)
		rec := storetest.NewRecorder(s)
		out := publish(t, openRepo(t, rec, &cairn.Options{Scratch: scratch}), publication(t, before))
		if n := countBlobs(rec.Take()); n != 2 {
			t.Errorf("%d blobs were uploaded, and both were void", n)
		}
		expectFiles(t, s, out.Pin, before)
	})
}

// A collector that fences the head while a publication uploads makes what was
// uploaded void: it is uploaded again, under keys that no collector knows.
func TestFenceDuringPublication(t *testing.T) {
	s := mem.New()
	publish(t, openRepo(t, s, nil), publication(t, tree(t, "a", "one")))
	dir := tree(t, "a", "one", "b", "two")
	fenced := false
	var sessions []layout.ID
	watched := onCreate(s, func(key string) {
		if k, err := layout.ParseKey(key); err == nil && k.Kind == layout.KindBlob {
			sessions = append(sessions, k.Session)
		}
		if k, err := layout.ParseKey(key); err == nil && k.Kind == layout.KindManifest && !fenced {
			fence(t, s)
			fenced = true
		}
	})
	out := publish(t, openRepo(t, watched, nil), publication(t, dir))
	if len(sessions) != 2 || sessions[0] == sessions[1] {
		t.Errorf("blobs were uploaded by the sessions %v", sessions)
	}
	expectFiles(t, s, out.Pin, dir)
}

// A base version that is dropped while a publication counts on its bytes takes
// them along: they are uploaded.
func TestBaseDropped(t *testing.T) {
	s := mem.New()
	publish(t, openRepo(t, s, nil), publication(t, tree(t, "a", "one")))
	publish(t, openRepo(t, s, nil), publication(t, tree(t, "z", "z")))
	dir := tree(t, "a", "one", "b", "two")
	dropped := false
	rec := storetest.NewRecorder(onCreate(s, func(key string) {
		if k, err := layout.ParseKey(key); err == nil && k.Kind == layout.KindManifest && !dropped {
			dropped = true
			changeHead(t, s, func(p *layout.Pointer) { p.Retained = nil })
		}
	}))
	out := publish(t, openRepo(t, rec, nil), publication(t, dir))
	if n := countBlobs(rec.Take()); n != 3 {
		t.Errorf("%d blobs were uploaded: b, and then both under a new session, make 3", n)
	}
	expectFiles(t, s, out.Pin, dir)
}

// fence does to the head what a collector does.
func fence(t *testing.T, s store.Store) {
	t.Helper()
	changeHead(t, s, func(p *layout.Pointer) { p.Epoch++ })
}

func changeHead(t *testing.T, s store.Store, change func(*layout.Pointer)) {
	t.Helper()
	key := layout.PointerKey(flights, layout.HeadName(june17)).String()
	body, info, err := storetest.Read(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := layout.ParsePointer(body)
	if err != nil {
		t.Fatal(err)
	}
	p.Prev = &layout.Prev{Seq: p.Seq, Digest: layout.Sum(body)}
	p.Seq++
	p.Op = "gc"
	change(p)
	next, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	history := layout.HistoryKey(flights, p.Name, p.Prev.Seq, p.Prev.Digest).String()
	put(t, s, history, body)
	if _, err := s.Swap(t.Context(), key, info.Token, next); err != nil {
		t.Fatal(err)
	}
}

func expectFiles(t *testing.T, s store.Store, pin layout.Pin, dir string) {
	t.Helper()
	into := t.TempDir()
	if err := mustResolve(t, openRepo(t, s, nil), pin.String()).Pull(t.Context(), into, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := readTree(t, into), readTree(t, dir); !maps.Equal(got, want) {
		t.Errorf("%s gave %q, not %q", pin, got, want)
	}
}

// Publications of one partition at once on one machine do not share a session.
func TestSessionsAreExclusive(t *testing.T) {
	s, scratch := mem.New(), t.TempDir()
	dir := tree(t, "a", "one")
	var inner *cairn.Outcome
	nested := false
	outer := publish(t, openRepo(t, onCreate(s, func(key string) {
		if k, err := layout.ParseKey(key); err == nil && k.Kind == layout.KindBlob && !nested {
			nested = true
			inner = publish(t, openRepo(t, s, &cairn.Options{Scratch: scratch}), publication(t, tree(t, "a", "two")))
		}
	}), &cairn.Options{Scratch: scratch}), publication(t, dir))
	expectFiles(t, s, outer.Pin, dir)
	if body, err := os.ReadFile(filepath.Join(scratch, "sessions", "datasets=flights=2026-06-17.json")); err == nil {
		t.Errorf("a session is parked though both are done: %s", body)
	}
	if inner.Pin == outer.Pin {
		t.Error("both made the same version")
	}
}
