package cairn_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/mem"
	"github.com/cairnstore/cairn/store/storetest"
)

// Many move one pointer at once, each suffering a lost answer somewhere. What
// each was told is true: its state is in the history, exactly once.
func TestPointRaceWithLostAnswers(t *testing.T) {
	const movers = 32
	s := mem.New()
	versions := make([]*cairn.Version, movers)
	for i := range versions {
		versions[i] = publish(t, openRepo(t, s, nil), publication(t, tree(t, "a", fmt.Sprint(i)))).Version
	}
	acknowledged := make([]layout.Digest, movers)
	var group sync.WaitGroup
	for i := range movers {
		r := openRepo(t, storetest.NewFaulty(s, 3+i%6, storetest.LostAnswer), nil)
		group.Go(func() {
			v, err := resolve(t.Context(), r, versions[i].Pin.String())
			if err == nil {
				err = r.Point(t.Context(), v, "prod", nil)
			}
			if err != nil {
				t.Error(err)
				return
			}
			acknowledged[i] = v.Pin.Version
		})
	}
	group.Wait()
	var history []layout.Digest
	for p, err := range openRepo(t, s, nil).Log(t.Context(), flights, "prod") {
		if err != nil {
			t.Fatal(err)
		}
		if int(p.Seq) != movers-len(history) {
			t.Errorf("state %d where %d is due", p.Seq, movers-len(history))
		}
		history = append(history, p.Version)
	}
	compare := func(a, b layout.Digest) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(history, compare)
	slices.SortFunc(acknowledged, compare)
	if !slices.Equal(history, acknowledged) {
		t.Errorf("%d states for %d that were acknowledged", len(history), movers)
	}
}

func TestPointConditions(t *testing.T) {
	r := openRepo(t, mem.New(), nil)
	v1 := publish(t, r, publication(t, tree(t, "a", "1"))).Version
	v2 := publish(t, r, publication(t, tree(t, "a", "2"))).Version
	for _, c := range []struct {
		what string
		v    *cairn.Version
		o    cairn.PointOptions
		want error
	}{
		{"absent and expected elsewhere", v1, cairn.PointOptions{IfAt: v2.Pin.Version}, cairn.ErrMoved},
		{"absent as expected", v1, cairn.PointOptions{IfAbsent: true, Fence: 5}, nil},
		{"there and expected absent", v2, cairn.PointOptions{IfAbsent: true}, cairn.ErrMoved},
		{"expected elsewhere", v2, cairn.PointOptions{IfAt: layout.Sum(nil)}, cairn.ErrMoved},
		{"there already, so done", v1, cairn.PointOptions{IfAbsent: true}, nil},
		{"smaller fence", v2, cairn.PointOptions{Fence: 4}, cairn.ErrRefused},
		{"no fence keeps the fence", v2, cairn.PointOptions{}, nil},
		{"smaller fence still", v1, cairn.PointOptions{Fence: 4}, cairn.ErrRefused},
		{"as expected", v1, cairn.PointOptions{IfAt: v2.Pin.Version, Fence: 5}, nil},
	} {
		if err := r.Point(t.Context(), c.v, "prod", &c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, err, c.want)
		}
	}
	if err := r.Point(t.Context(), v1, layout.HeadName(june17), nil); !errors.Is(err, cairn.ErrRefused) {
		t.Errorf("a head was pointed: %v", err)
	}
}

func TestStoreThatIgnoresConditions(t *testing.T) {
	for _, broken := range []string{"create", "swap"} {
		s := mem.New()
		publish(t, openRepo(t, s, nil), publication(t, tree(t, "a", "1")))
		r := openRepo(t, storetest.Unconditional(s, broken), nil)
		_, err := r.Publish(t.Context(), publication(t, tree(t, "a", "2")))
		if !errors.Is(err, cairn.ErrRefused) {
			t.Errorf("%s: published all the same: %v", broken, err)
		}
		// Reading still works, and found what was there unharmed.
		mustResolve(t, openRepo(t, s, nil), string(flights)+"@2026-06-17")
	}
}

func TestHistoryThatWasChanged(t *testing.T) {
	s := mem.New()
	r := openRepo(t, s, nil)
	for i := range 3 {
		publish(t, r, publication(t, tree(t, "a", fmt.Sprint(i))))
	}
	var key string
	for info, err := range s.List(t.Context(), layout.HistoryPrefix(flights, layout.HeadName(june17)), nil) {
		if err != nil {
			t.Fatal(err)
		}
		key = info.Key
	}
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, last = range r.Log(t.Context(), flights, layout.HeadName(june17)) {
	}
	if !errors.Is(last, cairn.ErrCorrupt) {
		t.Errorf("a missing state went unnoticed: %v", last)
	}
	for _, err := range r.Log(t.Context(), flights, "prod") {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the log of what is not there: %v", err)
		}
	}
}
