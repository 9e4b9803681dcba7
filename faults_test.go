package cairn_test

import (
	"context"
	"io"
	"maps"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

// beforeCreate is a Store that calls f before each Create.
type beforeCreate struct {
	store.Store
	f func(key string)
}

func onCreate(s store.Store, f func(key string)) store.Store { return &beforeCreate{s, f} }

func (s *beforeCreate) Create(ctx context.Context, key string, body *io.SectionReader, sum store.Checksum) error {
	s.f(key)
	return s.Store.Create(ctx, key, body, sum)
}

var faults = []storetest.Fault{storetest.FailsBefore, storetest.LostAnswer, storetest.CrashAfter}

// sweep runs act once for every call that it makes and every fault of that call,
// each time on a store that prepare made. After it, whatever became of act,
// check looks at the store with a new Repo.
func sweep(t *testing.T, prepare func(*testing.T, *cairn.Repo), act func(context.Context, *cairn.Repo) (*cairn.Version, error), check func(*testing.T, *cairn.Repo)) {
	points := 0
	for _, fault := range faults {
		for at := 0; ; at++ {
			inner := mem.New()
			if prepare != nil {
				prepare(t, openRepo(t, inner, nil))
			}
			faulty := storetest.NewFaulty(inner, at, fault)
			scratch := t.TempDir()
			r, err := cairn.Open(t.Context(), faulty, &cairn.Options{Scratch: scratch})
			var acknowledged *cairn.Version
			if err == nil {
				acknowledged, err = act(t.Context(), r)
			}
			if faulty.Suffered() == "" {
				break // act makes no more than at calls
			}
			points++
			if err != nil && fault != storetest.CrashAfter {
				t.Errorf("call %d, %s, %s: not made good: %v", at, faulty.Suffered(), fault, err)
			}
			after := openRepo(t, inner, &cairn.Options{Scratch: scratch})
			if err == nil {
				expectReadable(t, after, acknowledged.Pin, faulty.Suffered(), fault)
			}
			rerun, err := act(t.Context(), after)
			if err != nil {
				t.Errorf("call %d, %s, %s: the rerun: %v", at, faulty.Suffered(), fault, err)
				continue
			}
			if acknowledged != nil && rerun.Pin != acknowledged.Pin {
				t.Errorf("call %d, %s, %s: the rerun made %s of %s", at, faulty.Suffered(), fault, rerun.Pin, acknowledged.Pin)
			}
			check(t, after)
		}
	}
	t.Logf("%d points", points)
	if points < 10 {
		t.Errorf("only %d points", points)
	}
}

func expectReadable(t *testing.T, r *cairn.Repo, pin layout.Pin, call string, fault storetest.Fault) {
	t.Helper()
	v, err := resolve(t.Context(), r, pin.String())
	if err == nil {
		err = v.Pull(t.Context(), t.TempDir(), nil)
	}
	if err != nil {
		t.Errorf("%s, %s: acknowledged and not to be read: %v", call, fault, err)
	}
}

// expectHistory checks the chain of a head or pointer: the versions it has had,
// oldest first, with no state lost or doubled.
func expectHistory(t *testing.T, r *cairn.Repo, name layout.Name, want ...layout.Digest) {
	t.Helper()
	var got []layout.Digest
	for p, err := range r.Log(t.Context(), flights, name) {
		if err != nil {
			t.Error(err)
			return
		}
		got = append([]layout.Digest{p.Version}, got...)
		if int64(len(want)-len(got)+1) != p.Seq {
			t.Errorf("%s: state %d is number %d", name, len(want)-len(got)+1, p.Seq)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s has had %d states, not %d", name, len(got), len(want))
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: state %d was %s, not %s", name, i+1, got[i].Short(), want[i].Short())
		}
	}
}

func TestPublishUnderFaults(t *testing.T) {
	v1, v2 := tree(t, "a", "same", "b", "one"), tree(t, "a", "same", "b", "two", "c/d", "three")
	data := tree(t, "x", "x")
	var first layout.Digest
	prepare := func(t *testing.T, r *cairn.Repo) {
		p := publication(t, v1)
		p.Point = []layout.Name{"prod"}
		first = publish(t, r, p).Pin.Version
		in := publication(t, data)
		in.Artifact = "datasets/raw"
		publish(t, r, in)
	}
	act := func(ctx context.Context, r *cairn.Repo) (*cairn.Version, error) {
		p := publication(t, v2)
		p.Label, p.Point = "v2", []layout.Name{"prod"}
		p.Inputs = []layout.Ref{{Artifact: "datasets/raw", From: june17}}
		out, err := r.Publish(ctx, p)
		if err != nil {
			return nil, err
		}
		return out.Version, nil
	}
	t.Run("second", func(t *testing.T) {
		sweep(t, prepare, act, func(t *testing.T, r *cairn.Repo) {
			v := mustResolve(t, r, string(flights)+"@prod")
			into := t.TempDir()
			if err := v.Pull(t.Context(), into, nil); err != nil {
				t.Error(err)
			} else if got, want := readTree(t, into), readTree(t, v2); !maps.Equal(got, want) {
				t.Errorf("prod gave %q, not %q", got, want)
			}
			second := v.Pin.Version
			expectHistory(t, r, layout.HeadName(june17), first, second)
			expectHistory(t, r, "prod", first, second)
			expectHistory(t, r, "v2", second)
			expectReadable(t, r, layout.Pin{Artifact: flights, Version: first}, "the version before", 0)
		})
	})
	t.Run("first", func(t *testing.T) {
		act := func(ctx context.Context, r *cairn.Repo) (*cairn.Version, error) {
			out, err := r.Publish(ctx, publication(t, v1))
			if err != nil {
				return nil, err
			}
			return out.Version, nil
		}
		sweep(t, nil, act, func(t *testing.T, r *cairn.Repo) {
			expectHistory(t, r, layout.HeadName(june17), mustResolve(t, r, string(flights)+"@2026-06-17").Pin.Version)
		})
	})
}

func TestPointUnderFaults(t *testing.T) {
	v1, v2 := tree(t, "a", "one"), tree(t, "a", "two")
	var first, second *cairn.Outcome
	prepare := func(t *testing.T, r *cairn.Repo) {
		p := publication(t, v1)
		p.Point = []layout.Name{"prod"}
		first, second = publish(t, r, p), publish(t, r, publication(t, v2))
	}
	act := func(ctx context.Context, r *cairn.Repo) (*cairn.Version, error) {
		v, err := resolve(ctx, r, second.Pin.String())
		if err != nil {
			return nil, err
		}
		return v, r.Point(ctx, v, "prod", nil)
	}
	sweep(t, prepare, act, func(t *testing.T, r *cairn.Repo) {
		expectHistory(t, r, "prod", first.Pin.Version, second.Pin.Version)
	})
}
