package transfer

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"lukechampine.com/blake3/guts"

	"github.com/cairnstore/cairn/layout"
)

// A Download is what [Engine.Fetch] fetches.
type Download struct {
	Key    string
	Size   int64
	Digest layout.Digest
	To     *os.File

	// Journal, if not nil, notes what has arrived in To. With the Journal of a
	// Download that was cut off, also one of another process, the next goes on there.
	// Both files are open for reading and writing then.
	Journal *os.File
}

// Ranges are multiples of segments, and powers of two of them, so that each is a
// subtree. Those of a small object are smaller, so that there are more.
const (
	rangeBytes      = 16 << 20
	smallRangeBytes = 8 << 20
	smallObject     = 64 << 20
)

// Fetch writes the object at key into To, from its beginning: ranges of it side by
// side, hashed as they arrive. It succeeds only if the object has the given size and
// digest, and otherwise returns [ErrCorrupt]; what is in To then is not to be used.
func (e *Engine) Fetch(ctx context.Context, d *Download) error {
	if err := allocate(d.To, d.Size); err != nil {
		return err
	}
	j, err := openJournal(d.Journal, d.Size, d.Digest)
	if err != nil {
		return err
	}
	f := &fetching{Download: d, e: e, journal: j, each: rangeBytes}
	if d.Size <= smallObject {
		f.each = smallRangeBytes
	}
	numbers := make([]int64, max(1, (d.Size+f.each-1)/f.each)) // also an empty object takes a request, to see that it is there
	for i := range numbers {
		numbers[i] = int64(i)
	}
	f.roots = make([]guts.Node, len(numbers))
	if err := Each(ctx, mostRequests, numbers, f.fetch); err != nil {
		return err
	}
	if got := f.digest(); got != d.Digest {
		if err := j.empty(); err != nil {
			return err
		}
		return Corrupt(d.Key, "its bytes hash to %s, and should to %s", got, d.Digest)
	}
	return nil
}

// A fetching is a Download under way.
type fetching struct {
	*Download
	e       *Engine
	journal *journal
	each    int64       // bytes of a range
	roots   []guts.Node // of the ranges, as subtrees
}

// fetch fetches one range, but for the segments that the journal has, and hashes it.
func (f *fetching) fetch(ctx context.Context, number int64) error {
	if f.Size == 0 {
		return f.see(ctx)
	}
	first := number * f.each / segmentBytes
	count := (min(f.Size, (number+1)*f.each)+segmentBytes-1)/segmentBytes - first
	nodes, verified := make([]guts.Node, count), make([]bool, count)
	if f.journal.hasAny() {
		if err := f.verify(ctx, first, nodes, verified); err != nil {
			return err
		}
	}
	for i := range nodes {
		if verified[i] {
			continue
		}
		n := i
		for n < len(nodes) && !verified[n] {
			verified[n] = true
			n++
		}
		if err := f.fetchSegments(ctx, first+int64(i), nodes[i:n]); err != nil {
			return err
		}
	}
	f.roots[number] = rootOf(nodes)
	return nil
}

// see makes sure that an empty object is there.
func (f *fetching) see(ctx context.Context) error {
	s := f.e.open(ctx, f.Key, 0, 0, 0)
	defer s.Close()
	return s.start()
}

// verify hashes the segments that the journal says are there already. It waits for its
// turn as requests do, so that the memory it takes is that of one.
func (f *fetching) verify(ctx context.Context, first int64, nodes []guts.Node, verified []bool) error {
	if err := f.e.limiter.acquire(ctx, false); err != nil {
		return err
	}
	defer f.e.limiter.release()
	buf := takeSegment()
	defer giveSegment(buf)
	for i := range nodes {
		number := first + int64(i)
		noted, ok := f.journal.has(number)
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(segmentBytes, f.Size-number*segmentBytes)]
		if _, err := f.To.ReadAt(b, number*segmentBytes); err != nil {
			return fmt.Errorf("reading what was fetched before: %w", err)
		}
		if nodes[i] = f.hash(b, number); guts.ChainingValue(nodes[i]) == noted {
			verified[i] = true
			f.e.meter.reused(int64(len(b)))
		}
	}
	return nil
}

// fetchSegments fetches segments that follow each other, in one stream.
func (f *fetching) fetchSegments(ctx context.Context, first int64, nodes []guts.Node) error {
	off := first * segmentBytes
	end := min(f.Size, off+int64(len(nodes))*segmentBytes)
	s := f.e.open(ctx, f.Key, off, end, f.Size)
	defer s.Close()
	if err := s.start(); err != nil { // before it takes memory
		return err
	}
	buf := takeSegment()
	defer giveSegment(buf)
	for i := range nodes {
		number := first + int64(i)
		b := buf[:min(segmentBytes, f.Size-number*segmentBytes)]
		if _, err := io.ReadFull(s, b); err != nil {
			return err
		}
		nodes[i] = f.hash(b, number) // while it is in the cache
		if _, err := f.To.WriteAt(b, number*segmentBytes); err != nil {
			return err
		}
		if err := f.journal.note(number, guts.ChainingValue(nodes[i])); err != nil {
			return err
		}
	}
	return nil
}

func (f *fetching) hash(b []byte, number int64) guts.Node {
	began := time.Now()
	defer func() { f.e.meter.hashedFor(time.Since(began)) }()
	return subtree(b, uint64(number)*(segmentBytes/chunkBytes))
}

func (f *fetching) digest() layout.Digest {
	if f.Size == 0 {
		return layout.Sum(nil)
	}
	return digestOf(rootOf(f.roots))
}
