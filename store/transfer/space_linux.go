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
		if inMemory(int(fd)) {
			failed = errors.ErrUnsupported
			return
		}
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

// inMemory reports whether a file is one of tmpfs, which would clear all of its pages
// to set them aside, while nothing else goes on.
func inMemory(fd int) bool {
	const tmpfsMagic = 0x01021994
	var s syscall.Statfs_t
	return syscall.Fstatfs(fd, &s) == nil && s.Type == tmpfsMagic
}
