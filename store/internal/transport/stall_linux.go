package transport

import (
	"net"
	"syscall"
	"time"
)

const tcpUserTimeout = 18 // of RFC 5482; package syscall does not have it

// limitStall has the kernel give up a connection whose other end has taken nothing
// for that long, which it would otherwise do after a quarter of an hour or never.
func limitStall(c *net.TCPConn, d time.Duration) {
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(d.Milliseconds()))
		})
	}
}
