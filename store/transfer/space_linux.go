package transfer

import (
	"errors"
	"os"
	"syscall"
)

// allocate makes f as large as size, with room for all of it on the disk: a disk that
// is too small is better known before the bytes have come.
func allocate(f *os.File, size int64) error {
	if err := trim(f, size); err != nil || size <= segmentBytes {
		return err // the one write of a small file tells as early
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = syscall.Fallocate(int(fd), 0, 0, size); failed != syscall.EINTR {
				return
			}
		}
	})
	switch {
	case err != nil:
		return err
	case errors.Is(failed, errors.ErrUnsupported), failed == syscall.EINVAL:
		return f.Truncate(size)
	case failed != nil:
		return &os.PathError{Op: "fallocate", Path: f.Name(), Err: failed}
	}
	return nil
}
