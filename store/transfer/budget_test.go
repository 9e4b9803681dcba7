package transfer

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

// A line is a store and the way to it, in a time of its own.
type line struct {
	capacity float64       // bytes per second of all requests together
	each     float64       // of one, at most
	latency  time.Duration // before the first byte
	accepts  int           // requests at once; the others are throttled; zero is all
	refuses  float64       // part of the requests that are throttled
	noise    float64       // part by which the capacity varies
}

type simulated struct {
	began time.Time
	left  float64
	moved float64
	fails bool
}

// run has so many requests of size bytes made for d, under the budget or a fixed limit,
// and returns the bytes moved, and how many requests were under way at the end.
func (l line) run(b *budget, fixed int, size float64, d time.Duration) (bytes float64, limit float64) {
	const tick = 2 * time.Millisecond
	r := rand.New(rand.NewPCG(1, 2))
	now := time.Unix(1, 0)
	most := func() int {
		if fixed > 0 {
			return fixed
		}
		return b.most()
	}
	var running []*simulated
	sum, ticks := 0.0, 0
	for end := now.Add(d); now.Before(end); now = now.Add(tick) {
		for len(running) < most() {
			fails := l.accepts > 0 && len(running) >= l.accepts || r.Float64() < l.refuses
			running = append(running, &simulated{began: now, left: size, fails: fails})
		}
		b.pressed = true
		active := 0
		for _, s := range running {
			if now.Sub(s.began) >= l.latency {
				active++
			}
		}
		share := min(l.each, l.capacity*(1+l.noise*(2*r.Float64()-1))/float64(max(1, active))) * tick.Seconds()
		var still []*simulated
		for _, s := range running {
			switch {
			case now.Sub(s.began) < l.latency:
				still = append(still, s)
			case s.fails:
				b.answered(now, s.began, true)
			default:
				if s.moved == 0 {
					b.opened(now.Sub(s.began))
				}
				n := min(share, s.left)
				s.left -= n
				s.moved += n
				bytes += n
				b.moved(now, int64(n))
				if s.left > 0 {
					still = append(still, s)
				} else {
					b.answered(now, s.began, false)
				}
			}
		}
		running = still
		if now.After(end.Add(-d / 2)) {
			sum += b.limit
			ticks++
		}
	}
	return bytes, sum / float64(ticks)
}

func TestBudget(t *testing.T) {
	const mb = 1e6
	for _, test := range []struct {
		name        string
		line        line
		size        float64
		least, most float64 // of the limit, in the second half
		share       float64 // of what the best of fixed limits moves
	}{
		{"loopback", line{capacity: 1200 * mb, each: 600 * mb, latency: time.Millisecond, noise: 0.1}, 16 * mb, 4, 14, 0.95},
		{"loopback, small", line{capacity: 15 * mb, each: 100 * mb, latency: 2 * time.Millisecond, noise: 0.1}, 16e3, 4, 20, 0.85},
		{"far away", line{capacity: 2000 * mb, each: 20 * mb, latency: 100 * time.Millisecond, noise: 0.05}, 16 * mb, 40, 64, 0.85},
		{"far away, small", line{capacity: 2000 * mb, each: 20 * mb, latency: 100 * time.Millisecond}, 16e3, 40, 64, 0.85},
		{"thin line", line{capacity: 10 * mb, each: 10 * mb, latency: 30 * time.Millisecond, noise: 0.1}, 16 * mb, 4, 14, 0.95},
		{"throttled above ten", line{capacity: 2000 * mb, each: 20 * mb, latency: 30 * time.Millisecond, accepts: 10}, 16 * mb, 4, 12, 0.5},
		{"half of all throttled", line{capacity: 2000 * mb, each: 20 * mb, latency: 30 * time.Millisecond, refuses: 0.5}, 16 * mb, 2, 4, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			const d = 12 * time.Second
			b := newBudget()
			got, limit := test.line.run(&b, 0, test.size, d)
			best := 0.0
			for _, fixed := range []int{4, 8, 16, 64} {
				if test.line.accepts > 0 && fixed > test.line.accepts {
					continue
				}
				n, _ := test.line.run(new(budget), fixed, test.size, d)
				best = max(best, n)
			}
			t.Logf("limit %.1f, %.0f MB of %.0f", limit, got/mb, best/mb)
			if limit < test.least || limit > test.most {
				t.Errorf("the limit is %.1f, and should be between %.0f and %.0f", limit, test.least, test.most)
			}
			if got < test.share*best {
				t.Errorf("%.0f MB were moved, and the best limit moves %.0f", got/mb, best/mb)
			}
		})
	}
}

// A store that begins to take very long gets fewer requests, but some.
func TestBudgetOfSlowAnswers(t *testing.T) {
	b := newBudget()
	now := time.Unix(1, 0)
	answer := func(latency time.Duration, seconds int) {
		for range 20 * seconds {
			now = now.Add(50 * time.Millisecond)
			b.pressed = true
			b.opened(latency)
			for range b.most() {
				b.answered(now, now.Add(-latency), false)
			}
		}
	}
	answer(10*time.Millisecond, 5)
	before := b.limit
	answer(2*time.Second, 20)
	if b.limit > before/1.5 || b.limit < calmRequests {
		t.Errorf("the limit went from %.1f to %.1f", before, b.limit)
	}
}

func TestBudgetForgivesWhatWasUnderWay(t *testing.T) {
	b := newBudget()
	now := time.Unix(100, 0)
	for range 8 {
		b.answered(now.Add(time.Second), now, true)
	}
	if b.most() != startRequests/2 {
		t.Errorf("eight refusals of one moment make it %d", b.most())
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter()
	var running, most atomic.Int32
	err := Each(t.Context(), 200, make([]int, 200), func(ctx context.Context, _ int) error {
		for range 50 {
			if err := l.acquire(ctx, rand.IntN(2) == 0); err != nil {
				return err
			}
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			running.Add(-1)
			l.release()
		}
		return nil
	})
	if err != nil || l.running != 0 || l.waiting.Len() != 0 || most.Load() > startRequests {
		t.Errorf("%v; %d are running and %d waiting, and %d were running at once", err, l.running, l.waiting.Len(), most.Load())
	}
}

// Who goes away while waiting takes nobody's turn, and who goes on comes first.
func TestLimiterOrder(t *testing.T) {
	l := newLimiter()
	for range startRequests {
		l.acquire(t.Context(), false)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { gone <- l.acquire(ctx, false) }()
	waitFor(l, 1)
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	order := make(chan string, 2)
	wait := func(who string, again bool) {
		l.acquire(t.Context(), again)
		order <- who
	}
	go wait("new", false)
	waitFor(l, 1)
	go wait("again", true)
	waitFor(l, 2)
	l.release()
	if who := <-order; who != "again" {
		t.Errorf("%s came first", who)
	}
	l.release()
	<-order
}

// waitFor returns when so many are waiting.
func waitFor(l *limiter, n int) {
	for {
		l.mu.Lock()
		waiting := l.waiting.Len()
		l.mu.Unlock()
		if waiting == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
