package transfer

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"lukechampine.com/blake3/guts"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
)

const (
	// segmentBytes is what a Summer reads and sums at a time. It is a power of two of
	// BLAKE3's chunks, so that each segment is a subtree of its own.
	segmentBytes = 256 << 10

	// keptSegments bounds the memory of a Summer, to 16 MiB: readers of neighbouring
	// ranges share the segment in which these meet.
	keptSegments = 64
)

// A Summer computes the [Sum] of a file from what others read of it through
// [Summer.ReadAt], in whatever order. So one reading of the file does for its name
// and for what it holds, and what reads on several cores also sums on them.
type Summer struct {
	r     io.ReaderAt
	size  int64
	meter *Meter // of r, if it has one

	mu    sync.Mutex
	most  int // segments that are kept
	known []segmentSum
	first guts.Node // of segment 0: the root, if there is no other
	kept  map[int64]*segment
	clock int64
}

// A segmentSum is what a file's Sum needs of one segment.
type segmentSum struct {
	summed bool
	value  chainingValue
	check  store.Checksum
}

// A segment is one whose bytes are in memory.
type segment struct {
	number  int64
	readers int   // who are using data; it may go when there is none
	used    int64 // when, by the Summer's clock
	load    sync.Once
	data    []byte
	err     error
}

// NewSummer returns a Summer of the size bytes of r.
func NewSummer(r io.ReaderAt, size int64) *Summer {
	n := (size + segmentBytes - 1) / segmentBytes
	return &Summer{r: r, size: size, meter: meterOf(r), most: keptSegments, known: make([]segmentSum, n), kept: make(map[int64]*segment)}
}

// ReadAt implements [io.ReaderAt]. It may be called by several goroutines at
// once. The file is read again only for what was read before and not lately.
func (s *Summer) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("reading at %d: it is before the beginning", off)
	}
	for n < len(p) {
		if off >= s.size {
			return n, io.EOF
		}
		g := s.get(off / segmentBytes)
		k := 0
		if g.err == nil {
			k = copy(p[n:], g.data[off%segmentBytes:])
		}
		err := g.err
		s.release(g)
		if err != nil {
			return n, err
		}
		n += k
		off += int64(k)
	}
	return n, nil
}

// SumFile returns the Sum of the size bytes of r, which it reads on so many cores.
// Errors are those of [Summer.Sum].
func SumFile(ctx context.Context, r io.ReaderAt, size int64, cores int) (Sum, error) {
	s := NewSummer(r, size)
	s.most = cores
	return s.finish(ctx, cores)
}

// Sum reads what nobody has read so far, on all cores, and returns the Sum. It is
// [io.ErrUnexpectedEOF] if the file has become shorter.
func (s *Summer) Sum(ctx context.Context) (Sum, error) { return s.finish(ctx, runtime.GOMAXPROCS(0)) }

func (s *Summer) finish(ctx context.Context, cores int) (Sum, error) {
	err := Each(ctx, cores, s.unread(), func(_ context.Context, number int64) error {
		g := s.get(number)
		defer s.release(g)
		return g.err
	})
	if err != nil {
		return Sum{}, err
	}
	sum := Sum{Size: s.size, Digest: s.digest()}
	s.addChecksums(&sum)
	return sum, nil
}

func (s *Summer) unread() (numbers []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, known := range s.known {
		if !known.summed {
			numbers = append(numbers, int64(i))
		}
	}
	return numbers
}

// get returns a segment with its bytes, or an error in it. It is kept at least
// until it is released.
func (s *Summer) get(number int64) *segment {
	s.mu.Lock()
	g, ok := s.kept[number]
	if !ok {
		g = &segment{number: number, data: s.evict()}
		s.kept[number] = g
	}
	g.readers++
	s.clock++
	g.used = s.clock
	s.mu.Unlock()
	g.load.Do(func() { s.load(g) })
	return g
}

func (s *Summer) release(g *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.readers--
	if g.err != nil {
		delete(s.kept, g.number) // the next one may have more luck
	}
}

// evict makes room for a segment, and returns the memory for its bytes.
func (s *Summer) evict() []byte {
	var oldest *segment
	for _, g := range s.kept {
		if g.readers == 0 && (oldest == nil || g.used < oldest.used) {
			oldest = g
		}
	}
	if len(s.kept) < s.most || oldest == nil {
		return make([]byte, segmentBytes)
	}
	delete(s.kept, oldest.number)
	return oldest.data[:segmentBytes]
}

// load reads a segment, and sums it if that was not done before.
func (s *Summer) load(g *segment) {
	start := g.number * segmentBytes
	g.data = g.data[:min(segmentBytes, s.size-start)]
	n, err := s.r.ReadAt(g.data, start)
	if n < len(g.data) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		g.err = err
		return
	}
	s.mu.Lock()
	summed := s.known[g.number].summed
	s.mu.Unlock()
	if summed {
		return
	}
	began := time.Now()
	check := store.ChecksumOf(g.data)
	node := subtree(g.data, uint64(g.number)*(segmentBytes/chunkBytes))
	sum := segmentSum{true, guts.ChainingValue(node), check}
	s.meter.hashedFor(time.Since(began))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[g.number] = sum
	if g.number == 0 {
		s.first = node
	}
}

// addChecksums joins the checksums of the segments to those of parts, and these to
// that of the file.
func (s *Summer) addChecksums(sum *Sum) {
	const most = PartBytes / segmentBytes
	whole := store.NewJoiner(segmentBytes)
	for first := 0; first < len(s.known); first += most {
		var part store.Checksum
		var size int64
		for i := first; i < min(first+most, len(s.known)); i++ {
			n, join := min(segmentBytes, s.size-int64(i)*segmentBytes), whole
			if n < segmentBytes {
				join = store.NewJoiner(n)
			}
			part = join.Join(part, s.known[i].check)
			size += n
		}
		sum.addPart(part, size)
	}
	sum.finishParts()
}

// digest is that of the file, from those of its segments.
func (s *Summer) digest() layout.Digest {
	switch len(s.known) {
	case 0:
		return layout.Sum(nil)
	case 1:
		return digestOf(s.first)
	}
	values := make([]chainingValue, len(s.known))
	for i, known := range s.known {
		values[i] = known.value
	}
	return digestOf(join(values))
}
