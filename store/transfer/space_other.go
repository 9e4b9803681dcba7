//go:build !linux

package transfer

import "os"

// allocate makes f as large as size.
func allocate(f *os.File, size int64) error {
	if err := trim(f, size); err != nil || size <= segmentBytes {
		return err
	}
	return f.Truncate(size)
}
