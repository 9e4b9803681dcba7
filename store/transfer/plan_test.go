package transfer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cairnstore/cairn/store"
)

func TestPlanWhole(t *testing.T) {
	const gib = 1 << 30
	s3 := store.Limits{MinPart: 5 << 20, MaxPart: 5 * gib, MinCopy: 5 << 20, Parts: 10_000}
	for _, test := range []struct {
		size, part int64
		limits     store.Limits
	}{
		{PartBytes + 1, PartBytes, s3},
		{gib, PartBytes, s3},
		{10_000 * PartBytes, PartBytes, s3},
		{10_000*PartBytes + 1, 2 * PartBytes, s3},
		{10_000 * 4 * gib, 4 * gib, s3},
		{16 * gib, PartBytes, store.Limits{MinPart: 16 << 20, MaxPart: 5 * gib, Parts: 1024}},
		{16*gib + 1, 2 * PartBytes, store.Limits{MinPart: 16 << 20, MaxPart: 5 * gib, Parts: 1024}},
		{gib, 100 << 20, store.Limits{MinPart: 100 << 20, MaxPart: 5 * gib, Parts: 1024}},
	} {
		pieces, err := newPlanner(test.limits).whole(test.size)
		if err != nil {
			t.Fatal(err)
		}
		if err := obeys(test.limits, test.size, nil, pieces); err != nil || pieces[0].Size != test.part {
			t.Errorf("%d bytes: parts of %d, want %d: %v", test.size, pieces[0].Size, test.part, err)
		}
	}
	for _, l := range []store.Limits{{}, {MinPart: 1, MaxPart: gib, Parts: 2}} {
		if _, err := newPlanner(l).whole(3 * gib); err == nil {
			t.Errorf("%+v: a plan for what is too large", l)
		}
	}
}

// Of small objects every plan is compared with the best of all possible ones.
func TestPlanCopies(t *testing.T) {
	for seed := range uint64(30_000) {
		r := rand.New(rand.NewPCG(1, seed))
		limits := store.Limits{MinPart: 1 + r.Int64N(4), MinCopy: 1 + r.Int64N(4), Parts: 1000}
		limits.MaxPart = 2*max(limits.MinPart, limits.MinCopy) + r.Int64N(5)
		size := 1 + r.Int64N(40)
		copies := randomCopies(r, size)
		p := planner{Limits: limits, sent: limits.MinPart, copied: limits.MaxPart, worth: 1}
		name := fmt.Sprintf("seed %d: %d bytes, %+v, %v", seed, size, limits, copies)
		pieces := p.copying(size, copies)
		if least := fewestSent(limits, size, copies); pieces == nil {
			if least != size {
				t.Fatalf("%s: no plan, though %d bytes would do", name, least)
			}
		} else if err := obeys(limits, size, copies, pieces); err != nil {
			t.Fatalf("%s: %v: %v", name, err, pieces)
		} else if sent := sentBytes(pieces); sent != least {
			t.Fatalf("%s: %d bytes are sent, and %d would do: %v", name, sent, least, pieces)
		}
		p.Parts = 1 + r.IntN(6)
		if pieces := p.copying(size, copies); len(pieces) > p.Parts {
			t.Fatalf("%s: %d parts of at most %d", name, len(pieces), p.Parts)
		} else if err := obeys(limits, size, copies, pieces); pieces != nil && err != nil {
			t.Fatalf("%s, %d parts: %v: %v", name, p.Parts, err, pieces)
		}
	}
}

func randomCopies(r *rand.Rand, size int64) (copies []Copy) {
	for off := r.Int64N(4); off < size; {
		n := 1 + r.Int64N(12)
		n = min(n, size-off)
		c := Copy{Off: off, Size: n, From: string(rune('a' + r.IntN(2))), FromOff: r.Int64N(100)}
		if k := len(copies); k > 0 && r.IntN(3) == 0 && copies[k-1].Off+copies[k-1].Size == off { // goes on
			c.From, c.FromOff = copies[k-1].From, copies[k-1].FromOff+copies[k-1].Size
		}
		copies = append(copies, c)
		off += n + r.Int64N(6)*r.Int64N(2)
	}
	return copies
}

// obeys says which rule a plan breaks.
func obeys(l store.Limits, size int64, copies []Copy, pieces []piece) error {
	off := int64(0)
	for i, p := range pieces {
		switch last := i == len(pieces)-1; {
		case p.Off != off:
			return fmt.Errorf("part %d begins at %d and should at %d", i, p.Off, off)
		case p.Size <= 0 || p.Size > l.MaxPart || !last && p.Size < l.MinPart:
			return fmt.Errorf("part %d has %d bytes", i, p.Size)
		case p.From != "" && p.Size < l.MinCopy:
			return fmt.Errorf("copy %d has %d bytes", i, p.Size)
		}
		for at := p.Off; p.From != "" && at < p.Off+p.Size; at++ {
			from := p.FromOff + at - p.Off
			if !slices.ContainsFunc(copies, func(c Copy) bool {
				return c.Off <= at && at < c.Off+c.Size && c.From == p.From && c.FromOff+at-c.Off == from
			}) {
				return fmt.Errorf("part %d has at %d what is no copy", i, at)
			}
		}
		off += p.Size
	}
	if off != size || len(pieces) > l.Parts {
		return fmt.Errorf("%d parts of %d bytes", len(pieces), off)
	}
	return nil
}

// fewestSent tries all plans.
func fewestSent(l store.Limits, size int64, copies []Copy) int64 {
	joined := joinCopies(size, copies)
	best := make([]int64, size+1) // of the bytes from there on
	for off := size - 1; off >= 0; off-- {
		best[off] = size + 1
		for n := int64(1); n <= size-off; n++ {
			if n < l.MinPart && off+n < size {
				continue
			}
			// What is sent may be cut as one likes, so it is as long as one likes.
			best[off] = min(best[off], n+best[off+n])
			if n >= l.MinCopy && slices.ContainsFunc(joined, func(c Copy) bool { return c.Off <= off && off+n <= c.Off+c.Size }) {
				best[off] = min(best[off], best[off+n])
			}
		}
	}
	return best[0]
}

func TestPlanIsNotWorthIt(t *testing.T) {
	p := newPlanner(store.Limits{MinPart: 5 << 20, MaxPart: 5 << 30, MinCopy: 5 << 20, Parts: 10_000})
	const size = 1 << 30
	if pieces := p.copying(size, []Copy{{Off: 0, Size: 7 << 20, From: "a"}}); pieces != nil {
		t.Errorf("7 MiB are worth it: %v", pieces)
	}
	if pieces := p.copying(size, []Copy{{Off: 0, Size: 9 << 20, From: "a"}}); sentBytes(pieces) != size-9<<20 {
		t.Errorf("9 MiB are not worth it: %v", pieces)
	}
	var many []Copy // 4 MiB each
	for off := int64(0); off < size; off += 8 << 20 {
		many = append(many, Copy{Off: off, Size: 4 << 20, From: "a", FromOff: off})
	}
	if pieces := p.copying(size, many); pieces != nil {
		t.Errorf("copies that are too small are used: %v", pieces)
	}
	p.MinCopy = 0
	if pieces := p.copying(size, []Copy{{Off: 0, Size: size, From: "a"}}); pieces != nil {
		t.Errorf("a store that cannot copy is to: %v", pieces)
	}
}

// More copies than there can be parts are not all used.
func TestPlanManyCopies(t *testing.T) {
	p := newPlanner(store.Limits{MinPart: 5 << 20, MaxPart: 5 << 30, MinCopy: 5 << 20, Parts: 10_000})
	var copies []Copy
	size := int64(0)
	for i := range int64(50_000) {
		copies = append(copies, Copy{Off: size, Size: 20<<20 + i, From: "a", FromOff: 3 * size})
		size += 20<<20 + i + 4<<20
	}
	pieces := p.copying(size, copies)
	if sent := sentBytes(pieces); len(pieces) > p.Parts || len(pieces) < p.Parts/4 || sent >= size {
		t.Errorf("%d parts, and %d bytes sent of %d", len(pieces), sent, size)
	}
}
