package transport

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// buffers are larger than the 32 KiB of net/http, which costs system calls.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// patience is how long an answer is waited for that may be on its way from a
// server which has closed the connection.
const patience = time.Second

// A conn is a connection that net/http hands whole bodies to, unless there is
// TLS in between.
//
// A server may answer before it has all of a body, and close the connection. Of
// the answer and of the failure to send the rest net/http believes what it hears
// of first, so a conn lets the answer be read before it tells of the failure.
type conn struct {
	*net.TCPConn
	over chan struct{} // closed when there is no more to read
	once *sync.Once
}

func newConn(c *net.TCPConn) conn { return conn{c, make(chan struct{}), new(sync.Once)} }

// Read implements io.Reader.
func (c conn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if err != nil {
		c.once.Do(func() { close(c.over) })
	}
	return n, err
}

// Close implements io.Closer.
func (c conn) Close() error {
	c.once.Do(func() { close(c.over) })
	return c.TCPConn.Close()
}

// Write implements io.Writer.
func (c conn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	return n, c.heard(err)
}

// ReadFrom implements io.ReaderFrom. What the kernel does not send, for whatever
// reason, is copied: that tells which end was at fault.
func (c conn) ReadFrom(r io.Reader) (int64, error) {
	var sent int64
	if !isLoopback(c) || KernelOnLoopback {
		sent = sendfile(c.TCPConn, r)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	copied, err := io.CopyBuffer(struct{ io.Writer }{c.TCPConn}, r, *buf)
	return sent + copied, c.heard(err)
}

// heard returns err, of sending, when what the server said before is read.
func (c conn) heard(err error) error {
	var network *net.OpError
	if !errors.As(err, &network) {
		return err
	}
	select {
	case <-c.over:
	case <-time.After(patience):
	}
	return err
}

// KernelOnLoopback has the kernel send files to the same machine too, for tests. It is
// no gain there: who receives single pages of the page cache takes longer over them
// than is saved.
var KernelOnLoopback = false

func isLoopback(c net.Conn) bool {
	to, ok := c.RemoteAddr().(*net.TCPAddr)
	return ok && to.IP.IsLoopback()
}

// sendfile has the kernel send what r reads, if that is of a file, and returns
// how many bytes of it r has no more to read. There may be more.
func sendfile(c *net.TCPConn, r io.Reader) int64 {
	limited, ok := r.(*io.LimitedReader) // as net/http does
	if !ok {
		return 0
	}
	b, ok := limited.R.(*body)
	if !ok || b.file == nil {
		return 0
	}
	n := sendRange(c, b.file, b.off+b.pos, min(limited.N, b.section.Size()-b.pos), b.sent)
	b.pos += n
	limited.N -= n
	return n
}
