package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// A relay stands between a tool and the server.
type relay struct {
	endpoint string
	pid      int                            // of a process, if it is one
	count    func() (requests, refused int) // if it counts
	stop     func()
}

const (
	delay  = 50 * time.Millisecond // in each direction
	resets = 0.01                  // of each MiB that passes, the chance to end a connection
)

// startToxic starts toxiproxy. All tools meet with the same in the same round.
func (b *bench) startToxic(ctx context.Context, round int) (*relay, error) {
	endpoint, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(b.path("toxic"), endpoint, b.endpoint, delay.String(), fmt.Sprint(resets), strconv.Itoa(round))
	p, err := startProcess(ctx, endpoint, cmd, func() error {
		c, err := net.Dial("tcp", endpoint)
		if err != nil {
			return err
		}
		return c.Close()
	})
	if err != nil {
		return nil, err
	}
	return &relay{endpoint: endpoint, pid: p.pid(), stop: p.stop}, nil
}

// startThrottle starts a proxy that answers a share of the requests with 503, as S3
// does when it is asked too much. It hears a request to its end before it refuses
// it: a client that is still sending when the connection closes may never see why.
func (b *bench) startThrottle(share float64, round int) (*relay, error) {
	upstream := &url.URL{Scheme: "http", Host: b.endpoint}
	through := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Host = r.In.Host // which is signed
		},
		ErrorLog:  log.New(io.Discard, "", 0), // a client that goes away is the client's affair
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
	}
	t := &throttle{share: share, random: rand.New(rand.NewPCG(uint64(round), 0)), next: through}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: t}
	go srv.Serve(l)
	return &relay{endpoint: l.Addr().String(), count: t.count, stop: func() { srv.Close() }}, nil
}

type throttle struct {
	share float64
	next  http.Handler

	mu                sync.Mutex
	random            *rand.Rand
	requests, refused int
}

func (t *throttle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !t.refuses() {
		t.next.ServeHTTP(w, r)
		return
	}
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusServiceUnavailable)
	io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
}

func (t *throttle) refuses() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	if t.random.Float64() >= t.share {
		return false
	}
	t.refused++
	return true
}

func (t *throttle) count() (requests, refused int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests, t.refused
}
