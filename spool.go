package cairn

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/transfer"
)

// A spool holds what is about to be sent: in memory or, if it is large, in a file
// that has no name any more.
type spool struct {
	*io.SectionReader
	file *os.File // or nil
}

// spoolInMemory is the size of the largest manifest that is encoded in memory.
const spoolInMemory = 8 << 20

// encodeManifest encodes a manifest, which is complete.
func encodeManifest(m *layout.Manifest) (*spool, error) {
	_, size, err := m.EncodeTo(io.Discard)
	if err != nil {
		return nil, err
	}
	if size <= spoolInMemory {
		b, _, err := m.Encode()
		return &spool{sectionOf(b), nil}, err
	}
	f, err := os.CreateTemp("", "cairn-manifest-")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name())
	if _, _, err := m.EncodeTo(f); err != nil {
		f.Close()
		return nil, err
	}
	return &spool{io.NewSectionReader(f, 0, size), f}, nil
}

func (s *spool) Close() {
	if s.file != nil {
		s.file.Close()
	}
}

// putNamed makes sure that an object which is named by its digest is there: it
// creates it, and says so, or finds it with these bytes. With others it is
// [ErrCorrupt].
func (r *Repo) putNamed(ctx context.Context, key layout.Key, body *io.SectionReader) (created bool, err error) {
	sum, err := transfer.SumOf(ctx, body)
	if err != nil {
		return false, err
	}
	err = r.engine.Retry(ctx, func() error { return r.store.Create(ctx, key.String(), body, sum.Checksum) })
	if !errors.Is(err, fs.ErrExist) {
		return err == nil, err
	}
	return false, r.open(ctx, key, func(found io.Reader, _ store.Info) error {
		there, err := transfer.SumOf(ctx, found)
		if err == nil && there.Digest != sum.Digest {
			err = transfer.Corrupt(key.String(), "it is there with other bytes")
		}
		return err
	})
}
