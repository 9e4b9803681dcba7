package transfer

import (
	"slices"
	"sync"
	"time"
)

const (
	paceWindow = 150 * time.Millisecond // of waiting, in which a stream's rate is measured
	paceFresh  = time.Second            // how long a rate says something of others
	paceLeast  = 4                      // rates without which nothing is said
	paceSlow   = 4                      // times slower than the median is slow

	// paceBytes is the least that a stream which ends early is measured by.
	paceBytes = 1 << 20
)

// A pace knows how fast streams have been of late, so that one that is far behind the
// others can be begun again, from where it is: it probably met a server or a line
// that has a problem, and the next request meets another.
type pace struct {
	mu    sync.Mutex
	rates []rateAt // the oldest first
}

type rateAt struct {
	rate float64 // bytes per second
	at   time.Time
}

// note adds a rate, and reports whether it is slow among those of late.
func (p *pace) note(now time.Time, rate float64) (slow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.rates) && (now.Sub(p.rates[old].at) > paceFresh || len(p.rates)-old >= 4*mostRequests) {
		old++
	}
	p.rates = append(p.rates[:0], p.rates[old:]...)
	p.rates = append(p.rates, rateAt{rate, now})
	if len(p.rates) < paceLeast {
		return false
	}
	sorted := make([]float64, len(p.rates))
	for i, r := range p.rates {
		sorted[i] = r.rate
	}
	slices.Sort(sorted)
	return rate*paceSlow < sorted[len(sorted)/2]
}

// A stride measures one stream in windows. What counts is the time that was spent
// waiting for bytes: a reader that takes its time does not make a stream slow.
type stride struct {
	bytes  int64
	waited time.Duration
	behind int // windows in a row that were slow
}

// step notes what one read brought, and reports whether the stream is to be begun
// again: two windows tell more than one.
func (s *stride) step(p *pace, now time.Time, n int, waited time.Duration) bool {
	s.bytes += int64(n)
	s.waited += waited
	if s.waited < paceWindow {
		return false
	}
	slow := p.note(now, float64(s.bytes)/s.waited.Seconds())
	s.bytes, s.waited = 0, 0
	if !slow {
		s.behind = 0
		return false
	}
	s.behind++
	return s.behind >= 2
}

// end notes the rate of a stream that ends.
func (s *stride) end(p *pace, now time.Time) {
	if s.bytes >= paceBytes && s.waited > 0 {
		p.note(now, float64(s.bytes)/s.waited.Seconds())
	}
}
