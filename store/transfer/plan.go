package transfer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cairnstore/cairn/store"
)

const (
	copyBytes  = 256 << 20 // of a part that is copied, so that copies go side by side
	worthBytes = 8 << 20   // that copies must save
)

// A piece is a part as it is planned.
type piece struct {
	Off, Size int64
	From      string // the object that it is copied from; empty if it is sent
	FromOff   int64
}

// A planner cuts objects into parts that are within the limits of a store. MaxPart is
// at least twice MinPart and MinCopy.
type planner struct {
	store.Limits
	sent   int64 // bytes of a part that is sent
	copied int64 // bytes of a part that is copied, at most
	worth  int64 // bytes that copies must save
}

func newPlanner(l store.Limits) planner {
	return planner{
		Limits: l,
		sent:   max(PartBytes, l.MinPart),
		copied: min(l.MaxPart, max(copyBytes, 2*l.MinPart, 2*l.MinCopy)),
		worth:  worthBytes,
	}
}

// whole plans an object all of which is sent: of equal parts, so that any process
// plans the same, whose size is PartBytes or that doubled some times.
func (p planner) whole(size int64) ([]piece, error) {
	part := p.sent
	for (size+part-1)/part > int64(p.Parts) && part <= p.MaxPart {
		part *= 2
	}
	if part > p.MaxPart {
		return nil, fmt.Errorf("%d bytes are more than the store takes in %d parts of at most %d bytes", size, p.Parts, p.MaxPart)
	}
	var pieces []piece
	for off := int64(0); off < size; off += part {
		pieces = append(pieces, piece{Off: off, Size: min(part, size-off)})
	}
	return pieces, nil
}

// copying plans an object of which some is copied, so that as few bytes are sent as
// can be. It returns nil if copies save too little.
func (p planner) copying(size int64, copies []Copy) []piece {
	if p.MinCopy == 0 {
		return nil
	}
	copies = joinCopies(size, copies)
	for n := len(copies); n > 0; n /= 2 {
		chosen := p.choose(size, largest(copies, n))
		saved := int64(0)
		for _, c := range chosen {
			saved += c.Size
		}
		if saved < p.worth || saved == 0 {
			return nil
		}
		if pieces := p.cut(size, chosen); len(pieces) <= p.Parts {
			return pieces
		}
		// Fewer copies, and larger pieces of all.
		p.sent, p.copied = min(2*p.sent, p.MaxPart/2), min(2*p.copied, p.MaxPart)
	}
	return nil
}

// largest returns the n largest of copies, in their order.
func largest(copies []Copy, n int) []Copy {
	if n == len(copies) {
		return copies
	}
	copies = slices.Clone(copies)
	slices.SortFunc(copies, func(a, b Copy) int { return cmp.Compare(b.Size, a.Size) })
	copies = copies[:n]
	slices.SortFunc(copies, func(a, b Copy) int { return cmp.Compare(a.Off, b.Off) })
	return copies
}

// joinCopies returns copies with those made one that continue each other.
func joinCopies(size int64, copies []Copy) (joined []Copy) {
	end := int64(0)
	for _, c := range copies {
		if c.Size <= 0 || c.Off < end || c.Off+c.Size > size {
			continue // of no use
		}
		end = c.Off + c.Size
		if n := len(joined); n > 0 {
			last := &joined[n-1]
			if last.From == c.From && last.Off+last.Size == c.Off && last.FromOff+last.Size == c.FromOff {
				last.Size += c.Size
				continue
			}
		}
		joined = append(joined, c)
	}
	return joined
}

// A choice is a way to make the object up to the end of one copy.
type choice struct {
	before   *choice
	lent     int64 // bytes that the copy before gives up at its end, to be sent
	Copy           // without those that it gives up at its beginning
	copied   int64 // bytes so far
	spare    int64 // bytes that this one can give up at its end
	rejected bool
}

// choose returns the copies to use, less what they give up so that no part sent
// between two of them is too small. Of all ways it finds one that sends fewest bytes.
func (p planner) choose(size int64, copies []Copy) []Copy {
	ways := []*choice{{}} // none of them worse than another in every respect
	for _, c := range copies {
		need := max(p.MinPart, p.MinCopy)
		if c.Off+c.Size == size {
			need = p.MinCopy // the last part may be small
		}
		if c.Size < need {
			continue
		}
		var next []*choice
		for _, w := range ways {
			if n := p.follow(w, c, need); n != nil {
				next = append(next, n)
			}
		}
		// Without this copy there is room enough before the next, whatever the one
		// before has to spare.
		next = append(next, slices.MaxFunc(ways, byCopied))
		ways = undominated(next)
	}
	best := slices.MaxFunc(ways, byCopied)
	return best.copies()
}

// follow returns the way on from w that uses c, or nil if there is none.
func (p planner) follow(w *choice, c Copy, need int64) *choice {
	gap := c.Off - w.Off - w.Size
	if gap == 0 {
		return &choice{before: w, Copy: c, copied: w.copied + c.Size, spare: c.Size - need}
	}
	lacks := max(0, p.MinPart-gap)
	lent := min(lacks, w.spare) // nobody else can use that
	given := lacks - lent
	if c.Size-given < need {
		return nil
	}
	copied := w.copied - lent + c.Size - given
	c.Off, c.FromOff, c.Size = c.Off+given, c.FromOff+given, c.Size-given
	return &choice{before: w, lent: lent, Copy: c, copied: copied, spare: c.Size - need}
}

func undominated(ways []*choice) (kept []*choice) {
	for i, w := range ways {
		w.rejected = false
		for j, o := range ways {
			better := o.copied > w.copied || o.spare > w.spare || j < i
			if i != j && o.end() == w.end() && o.copied >= w.copied && o.spare >= w.spare && better {
				w.rejected = true
			}
		}
	}
	for _, w := range ways {
		if !w.rejected {
			kept = append(kept, w)
		}
	}
	return kept
}

func byCopied(a, b *choice) int { return cmp.Compare(a.copied, b.copied) }

func (c *choice) end() int64 { return c.Off + c.Size }

// copies returns those of the way to c, in their order.
func (c *choice) copies() (copies []Copy) {
	lent := int64(0)
	for ; c.before != nil; c = c.before {
		last := c.Copy
		last.Size -= lent
		lent = c.lent
		copies = append(copies, last)
	}
	slices.Reverse(copies)
	return copies
}

// cut makes pieces of copies and of what is between them.
func (p planner) cut(size int64, copies []Copy) (pieces []piece) {
	off := int64(0)
	for _, c := range append(slices.Clip(copies), Copy{Off: size}) {
		if gap := c.Off - off; gap > 0 {
			for _, n := range split(gap, max(1, gap/p.sent)) {
				pieces = append(pieces, piece{Off: off, Size: n})
				off += n
			}
		}
		for _, n := range split(c.Size, (c.Size+p.copied-1)/p.copied) {
			pieces = append(pieces, piece{off, n, c.From, c.FromOff + off - c.Off})
			off += n
		}
	}
	return pieces
}

// split returns n sizes that add up to size, as equal as they can be.
func split(size, n int64) (sizes []int64) {
	for i := range n {
		sizes = append(sizes, size*(i+1)/n-size*i/n)
	}
	return sizes
}

// sentBytes returns how much of a plan is sent.
func sentBytes(pieces []piece) (n int64) {
	for _, p := range pieces {
		if p.From == "" {
			n += p.Size
		}
	}
	return n
}
