package main

import (
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/storetest/server"
)

// A proxy stands before a MinIO, notes what passes, and does harm.
type proxy struct {
	minio    *server.Server
	endpoint string // host:port of the proxy itself

	http      *httptest.Server
	transport http.Transport
	total     atomic.Int64 // bytes of bodies

	mu   sync.Mutex
	log  []*passed
	harm harm
}

// A harm is what a proxy does to requests. What is nil is not done.
type harm struct {
	refuse func() bool                                    // answer that it is too much
	cut    func(r *passed, size int64) (sent, back int64) // reset the connection after so many bytes of a body; -1 is never
	slow   func(r *passed) bool                           // let no more than slowRate of the answer through
	hold   func(total int64)                              // called when bytes of bodies have passed; they wait until it returns
}

// slowRate is in bytes per second.
const slowRate = 10_000

// A passed is a request that has reached the proxy.
type passed struct {
	Method, Key, Query string
	Refused, Cut, Slow bool

	Answered   atomic.Bool  // with success, and all of it
	sent, back atomic.Int64 // bytes of its body, and of that of the answer
	size       atomic.Int64 // of the answer's body, in bytes
}

func (r *passed) String() string { return r.Method + " " + r.Key + " " + r.Query }

// isData reports whether it is about the bytes of a file.
func (r *passed) isData() bool {
	k, err := layout.ParseKey(r.Key)
	return err == nil && k.Kind == layout.KindBlob
}

// newProxy starts a MinIO and a proxy before it.
func newProxy(t *testing.T) *proxy {
	t.Helper()
	return start(t, server.MinIO(t))
}

// again starts another proxy before the same server.
func (p *proxy) again(t *testing.T) *proxy { return start(t, p.minio) }

func start(t *testing.T, s *server.Server) *proxy {
	p := &proxy{minio: s}
	p.transport.DisableCompression, p.transport.MaxIdleConnsPerHost = true, 100
	p.http = httptest.NewServer(p)
	p.endpoint = p.http.Listener.Addr().String()
	t.Cleanup(p.end)
	return p
}

// end ends the proxy and all its connections, for good.
func (p *proxy) end() {
	p.http.Listener.Close()
	p.http.CloseClientConnections()
	p.transport.CloseIdleConnections()
}

// url returns the store as a driver finds it.
func (p *proxy) url(scheme string) string {
	if scheme == "s3" {
		return "s3://" + p.minio.Bucket + "?endpoint=http://" + p.endpoint
	}
	return "minio://" + p.endpoint + "/" + p.minio.Bucket + "?tls=false"
}

// program returns the real program, on the store behind the proxy.
func (p *proxy) program(t *testing.T, scheme string, args ...string) *exec.Cmd {
	cmd := program(t, p.url(scheme), args...)
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+p.minio.User, "AWS_SECRET_ACCESS_KEY="+p.minio.Password)
	return cmd
}

// begin forgets what has passed, and does this harm from now on.
func (p *proxy) begin(h harm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log, p.harm = nil, h
	p.total.Store(0)
}

// requests returns those that have passed and are as they should be; nil is any.
func (p *proxy) requests(which func(*passed) bool) (found []*passed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.log {
		if which == nil || which(r) {
			found = append(found, r)
		}
	}
	return found
}

// moved returns the bytes of bodies that were sent to the server, and came back.
func (p *proxy) moved(which func(*passed) bool) (sent, back int64) {
	for _, r := range p.requests(which) {
		sent += r.sent.Load()
		back += r.back.Load()
	}
	return sent, back
}

// ServeHTTP implements [http.Handler].
func (p *proxy) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	_, key, _ := strings.Cut(strings.TrimPrefix(in.URL.Path, "/"), "/")
	r := &passed{Method: in.Method, Key: key, Query: in.URL.RawQuery}
	sent, back := int64(-1), int64(-1)
	p.mu.Lock()
	h := p.harm
	r.Refused = h.refuse != nil && h.refuse()
	r.Slow = h.slow != nil && h.slow(r)
	if h.cut != nil && !r.Refused {
		sent, back = h.cut(r, in.ContentLength)
		r.Cut = sent >= 0 || back >= 0
	}
	p.log = append(p.log, r)
	p.mu.Unlock()
	if r.Refused {
		p.slowDown(w, in)
		return
	}
	out := in.Clone(in.Context()) // with the Host, which is signed
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", p.minio.Endpoint
	if in.ContentLength != 0 {
		out.Body = &stream{in.Body, p, &r.sent, sent, h.hold}
	}
	answer, err := p.transport.RoundTrip(out)
	if err != nil || back == 0 {
		if err == nil {
			answer.Body.Close()
		}
		reset(w)
		return
	}
	defer answer.Body.Close()
	r.size.Store(answer.ContentLength)
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	if _, err := p.copy(w, &stream{answer.Body, p, &r.back, back, h.hold}, r.Slow, in); err != nil {
		reset(w)
		return
	}
	r.Answered.Store(answer.StatusCode < 300)
}

// copy is io.Copy of an answer, slowly if need be.
func (p *proxy) copy(w http.ResponseWriter, r io.Reader, slow bool, in *http.Request) (int64, error) {
	if !slow {
		return io.Copy(w, r)
	}
	const each = slowRate / 10
	for {
		if n, err := io.CopyN(w, r, each); n < each {
			return n, err
		}
		w.(http.Flusher).Flush()
		select {
		case <-time.After(time.Second / 10):
		case <-in.Context().Done():
			return 0, in.Context().Err()
		}
	}
}

// slowDown is what S3 says when it has too much to do.
func (p *proxy) slowDown(w http.ResponseWriter, in *http.Request) {
	io.Copy(io.Discard, in.Body) // or the connection would be reset too
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusServiceUnavailable)
	io.WriteString(w, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
}

// reset ends a connection so that the other side gets an error.
func reset(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

var errCut = errors.New("cut off")

// A stream is a body on its way.
type stream struct {
	io.ReadCloser
	p     *proxy
	count *atomic.Int64
	cut   int64 // bytes after which it ends with an error; -1 is never
	hold  func(total int64)
}

// Read implements [io.Reader].
func (s *stream) Read(b []byte) (int, error) {
	if s.cut >= 0 {
		left := s.cut - s.count.Load()
		if left <= 0 {
			return 0, errCut
		}
		b = b[:min(int64(len(b)), left)]
	}
	n, err := s.ReadCloser.Read(b)
	s.count.Add(int64(n))
	total := s.p.total.Add(int64(n))
	if s.hold != nil && n > 0 {
		s.hold(total)
	}
	return n, err
}

// oneInTwo returns a function that is true in half of its calls, at random but never
// much more often, so that what is expected of the whole does not depend on luck.
func oneInTwo(seed uint64) func() bool {
	r := rand.New(rand.NewPCG(seed, 0))
	var block []bool
	return func() bool {
		if len(block) == 0 {
			block = []bool{true, true, true, true, false, false, false, false}
			r.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
		}
		next := block[0]
		block = block[1:]
		return next
	}
}

// cutSome returns a function for a proxy that resets one connection in so many, in the
// midst of a body or before the answer.
func cutSome(seed uint64, in int) func(r *passed, size int64) (sent, back int64) {
	random := rand.New(rand.NewPCG(seed, 0))
	return func(_ *passed, size int64) (sent, back int64) {
		switch {
		case random.IntN(in) > 0:
			return -1, -1
		case size > 0 && random.IntN(2) == 0:
			return random.Int64N(size), -1
		case random.IntN(2) == 0:
			return -1, 0
		}
		return -1, 1 + random.Int64N(1<<20)
	}
}

// names lists requests, each once.
func names(requests []*passed) []string {
	var all []string
	for _, r := range requests {
		all = append(all, r.String())
	}
	slices.Sort(all)
	return slices.Compact(all)
}
