package cairn

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
	"github.com/cairnstore/cairn/store/transfer/pack"
)

// packsAtOnce bounds the packs that are in memory.
const packsAtOnce = 3

// A packedFile says where a small file lies: in which of the publication's packs,
// and from which block.
type packedFile struct{ file, pack, block int32 }

// packAll names the small files and, if they are to be stored, puts those that the
// base does not have into packs.
func (w *publishing) packAll(ctx context.Context, cores chan struct{}, stored bool) error {
	w.packs, w.packed, w.packNumbers = nil, nil, make(map[basePack]int32)
	spans := pack.Split(len(w.small), func(i int) (string, int64) {
		f := &w.files[w.small[i]]
		return f.Path, f.Size
	})
	return transfer.Each(ctx, packsAtOnce, spans, func(ctx context.Context, span pack.Span) error {
		p := &packing{w: w, tar: pack.NewWriter(span.Room), blocks: make(map[layout.Digest]int32)}
		cores <- struct{}{}
		err := p.fill(ctx, w.small[span.From:span.To])
		<-cores
		if err != nil || !stored {
			return err
		}
		return p.upload(ctx)
	})
}

// A packing is a pack on its way into the store.
type packing struct {
	w      *publishing
	tar    *pack.Writer
	blocks map[layout.Digest]int32 // of what is in it
	files  []packedFile            // but for the number of the pack
}

// fill reads the files, and adds those that the base does not have.
func (p *packing) fill(ctx context.Context, files []int32) error {
	var buf []byte
	for _, i := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := p.w.readSmall(ctx, i, buf)
		if err != nil {
			return err
		}
		if buf = b; p.w.reuseSmall(i) {
			continue
		}
		digest := p.w.files[i].Digest
		block, ok := p.blocks[digest]
		if !ok {
			if block, err = p.tar.Add(p.w.files[i].Path, b); err != nil {
				return err
			}
			p.blocks[digest] = block
		}
		p.files = append(p.files, packedFile{file: i, block: block})
	}
	return nil
}

// upload stores the pack, unless it is empty or the session has it.
func (p *packing) upload(ctx context.Context) error {
	if len(p.files) == 0 {
		return nil
	}
	b, err := p.tar.Close()
	if err != nil {
		return err
	}
	body := io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
	sum, err := transfer.SumOf(ctx, body)
	if err != nil {
		return err
	}
	key := layout.BlobKey(p.w.Artifact, p.w.Date, p.w.session.ID, sum.Digest, layout.PackExt)
	if p.w.session.has(key, sum.Size) {
		p.w.r.options.Meter.Reused.Add(sum.Size)
	} else if err := p.w.put(ctx, key, &transfer.Upload{Body: body, Sum: sum}); err != nil {
		return err
	}
	for range p.files {
		p.w.r.options.Meter.Done()
	}
	p.w.place(basePack{digest: sum.Digest, session: p.w.session.ID}, p.files...)
	return nil
}

// readSmall returns the bytes of a file, in buf if they fit, and names them unless
// they have a name. Then they must still have it.
func (w *publishing) readSmall(ctx context.Context, i int32, buf []byte) ([]byte, error) {
	s, named := w.Files[i], &w.files[i]
	b, err := readWhole(s, named.Size, buf)
	if err != nil {
		return nil, err
	}
	digest := layout.Sum(b)
	if !named.Digest.IsZero() {
		if digest != named.Digest {
			return nil, errChanged(s)
		}
		return b, nil
	}
	w.r.options.Meter.Named(named.Size)
	if former := w.formerly(s.Path); former != nil && former.Digest == digest {
		*named = *former
		return b, nil
	}
	in, err := w.r.inspect(ctx, s)
	if err != nil {
		return nil, err
	}
	if !in.Sum.Digest.IsZero() && in.Sum.Digest != digest {
		return nil, errChanged(s)
	}
	named.Digest, named.Table = digest, in.Table
	return b, nil
}

// readWhole reads a file that has so many bytes.
func readWhole(s Source, size int64, buf []byte) ([]byte, error) {
	f, err := os.Open(s.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	id, err := identify(f)
	if err != nil {
		return nil, err
	}
	buf = slices.Grow(buf[:0], int(size)+1)[:size+1]
	n, err := io.ReadFull(f, buf)
	if err == nil || int64(n) < size {
		return nil, errChanged(s)
	}
	if err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, fmt.Errorf("reading %s: %w", s.File, err)
	}
	return buf[:size], id.unchanged()
}

// reuseSmall reports whether the base has the bytes of a file, and notes where.
func (w *publishing) reuseSmall(i int32) bool {
	digest := w.files[i].Digest
	if b, ok := w.base.blobs[digest]; ok {
		w.mu.Lock()
		w.blobs[digest] = b.Blob
		w.mu.Unlock()
	} else if p, block, ok := w.base.findPacked(digest); ok {
		w.place(p, packedFile{file: i, block: block})
	} else {
		return false
	}
	w.r.options.Meter.Reuse(w.files[i].Size)
	return true
}

// place notes that files lie in a pack.
func (w *publishing) place(p basePack, files ...packedFile) {
	w.mu.Lock()
	defer w.mu.Unlock()
	number, ok := w.packNumbers[p]
	if !ok {
		number = int32(len(w.packs))
		w.packNumbers[p] = number
		w.packs = append(w.packs, p)
	}
	for _, f := range files {
		f.pack = number
		w.packed = append(w.packed, f)
	}
}

// indexPacks says what the index says of packs.
func (w *publishing) indexPacks() []layout.Pack {
	slices.SortFunc(w.packed, func(a, b packedFile) int { return cmp.Or(cmp.Compare(a.pack, b.pack), cmp.Compare(a.file, b.file)) })
	packs := make([]layout.Pack, len(w.packs))
	for i, p := range w.packs {
		packs[i] = layout.Pack{Digest: p.digest, Session: p.session}
	}
	for _, f := range w.packed {
		p := &packs[f.pack]
		p.Files, p.Blocks = append(p.Files, f.file), append(p.Blocks, f.block)
	}
	return packs
}
