package transport

import (
	"net"
	"os"
	"syscall"
)

const step = 1 << 20 // bytes, after which sent is told

// sendRange sends at most n bytes of from that begin at off, and leaves alone
// where others read the file. It returns how many it has sent when that is all,
// or the file ends, or something failed, which copying the rest will tell.
func sendRange(to *net.TCPConn, from *os.File, off, n int64, sent func(off, n int64)) (done int64) {
	out, err := to.SyscallConn()
	if err != nil {
		return 0
	}
	in, err := from.SyscallConn()
	if err != nil {
		return 0
	}
	in.Control(func(in uintptr) {
		out.Write(func(out uintptr) (finished bool) {
			for done < n {
				at := off + done
				k, err := syscall.Sendfile(int(out), int(in), &at, int(min(n-done, step)))
				switch {
				case k > 0:
					sent(off+done, int64(k))
					done += int64(k)
				case err == syscall.EAGAIN:
					return false
				case err != syscall.EINTR:
					return true
				}
			}
			return true
		})
	})
	return done
}
