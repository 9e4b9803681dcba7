package file

import (
	"context"
	"io"
	"os"
)

// blockBytes is a multiple of the blocks that file systems can share.
const blockBytes = 4096

// copyRange copies n bytes by [os.File.ReadFrom], for which the kernel shares blocks
// where it can, but only from where both files are at the beginning of one. It
// moves the files' own offsets.
func copyRange(ctx context.Context, to *os.File, toOff int64, from *os.File, fromOff, n int64) error {
	if _, err := to.Seek(toOff, io.SeekStart); err != nil {
		return err
	}
	if _, err := from.Seek(fromOff, io.SeekStart); err != nil {
		return err
	}
	step := -toOff & (blockBytes - 1)
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		k, err := to.ReadFrom(io.LimitReader(from, min(step, n)))
		if err != nil {
			return err
		}
		if k == 0 && step > 0 {
			return io.ErrUnexpectedEOF
		}
		n -= k
		step = 64 << 20 // between looks at the context
	}
	return nil
}
