package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cairnstore/cairn/store"
)

// A parted is a body and the parts that it is sent in.
type parted struct {
	body  []byte
	parts []store.Part
}

// threeParts are two of the smallest size that s allows, or a little more, and a
// small last one.
func threeParts(s store.Composer) *parted {
	n := max(s.Limits().MinPart, 100_001)
	return part(n, n+1, 1000)
}

func part(sizes ...int64) *parted {
	var total int64
	for _, n := range sizes {
		total += n
	}
	p := &parted{body: random(int(total))}
	var off int64
	for i, n := range sizes {
		p.parts = append(p.parts, store.Part{Number: i + 1, Off: off, Size: n, Sum: store.ChecksumOf(p.body[off : off+n])})
		off += n
	}
	return p
}

func (p *parted) bytes(i int) []byte {
	return p.body[p.parts[i].Off : p.parts[i].Off+p.parts[i].Size]
}

func (p *parted) compose(ctx context.Context, s store.Composer, key string) (store.Composition, error) {
	return s.Compose(ctx, key, int64(len(p.body)), nil)
}

// put stores part number i, from 0, and notes it for complete.
func (p *parted) put(ctx context.Context, c store.Composition, i int) error {
	stored, err := c.Put(ctx, p.parts[i], Body(p.bytes(i)))
	if err != nil {
		return fmt.Errorf("part %d: %w", i+1, err)
	}
	p.parts[i] = stored
	return nil
}

func (p *parted) putAll(ctx context.Context, c store.Composition) error {
	errs := make([]error, len(p.parts))
	var group sync.WaitGroup
	for i := range p.parts {
		group.Go(func() { errs[i] = p.put(ctx, c, i) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (p *parted) complete(ctx context.Context, c store.Composition) error {
	return c.Complete(ctx, p.parts, store.ChecksumOf(p.body))
}
