package transport

import (
	"io"
	"net"
	"testing"
	"time"
)

// A server that takes no more bytes does not keep a sender for ever.
func TestStalledServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept() // and never reads
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	limitStall(c.(*net.TCPConn), 100*time.Millisecond)
	if _, err := io.Copy(c, zeros{}); err == nil {
		t.Error("an endless stream was sent")
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
