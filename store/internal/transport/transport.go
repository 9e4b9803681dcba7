// Package transport is HTTP for moving large objects: [Tune] sets it up, and
// [Do] sends a request that an SDK has made and signed, with a body that the SDK
// did not get to wrap. The kernel sends that of a file.
package transport

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	// A server that is down must be known as such while a person still waits,
	// with all retries: a lost SYN is sent again after one second.
	dialTimeout = 2 * time.Second

	// ResponseTimeout is how long a server may take to begin its answer once it
	// has the whole request. How long that took does not count.
	ResponseTimeout = time.Minute

	// CompleteTimeout is the same for the last request of a multipart upload,
	// when some servers copy the parts together before they answer.
	CompleteTimeout = 15 * time.Minute

	// stallTimeout is how long a server may take none of the bytes that it is sent.
	stallTimeout = time.Minute
)

// Tune prepares t for many large parallel requests to one host.
//
// HTTP/2 is off: it would put all requests on one connection, with one window.
// A request with a body that cannot be repeated is never sent twice by t, since
// net/http does so only with GET, HEAD, OPTIONS and TRACE, or where nothing at
// all was written.
func Tune(t *http.Transport) {
	t.DialContext = dial
	t.TLSHandshakeTimeout = 5 * time.Second
	t.ResponseHeaderTimeout = ResponseTimeout
	t.IdleConnTimeout = 30 * time.Second
	t.MaxIdleConns = 0
	t.MaxIdleConnsPerHost = 100
	t.MaxConnsPerHost = 0
	t.ReadBufferSize = 64 << 10
	t.WriteBufferSize = 64 << 10
	t.DisableCompression = true
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.TLSNextProto = nil
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.NextProtos = nil // a Transport that was cloned still offers HTTP/2
	}
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if tcp, ok := c.(*net.TCPConn); ok {
		limitStall(tcp, stallTimeout)
		return newConn(tcp), nil
	}
	return c, err
}
