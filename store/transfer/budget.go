package transfer

import "time"

const (
	startRequests  = 8
	leastRequests  = 2  // also where a store refuses half of them
	calmRequests   = 4  // that slow answers alone do not go below
	mostRequests   = 64 // at once
	budgetInterval = 250 * time.Millisecond
	idleTime       = 10 * budgetInterval
	holdIntervals  = 8 // before a limit that was enough is tried again

	// requestWork is what a request of no bytes is worth, in bytes, so that many small
	// objects count as work too.
	requestWork = 128 << 10
)

// A budget says how many requests may be under way at once: more for as long as more
// brings more, and fewer where fewer bring as much, where the store asks for it, or
// where it takes much longer to begin an answer. It has no clock of its own.
type budget struct {
	limit    float64
	before   float64 // the limit before it was changed, if that is on trial; or zero
	doubling bool    // at first, until that brings nothing
	lower    bool    // what to try next
	hold     int     // intervals
	best     float64 // work per second, smoothed

	// Of the interval.
	since   time.Time
	work    int64
	pressed bool // somebody had to wait

	cut    time.Time // when it was last lowered at the store's request
	answer latency
}

// A latency is how long the store takes to begin an answer, in seconds.
type latency struct{ calm, now float64 } // the smoothed minimum, and of late

func newBudget() budget { return budget{limit: startRequests, doubling: true} }

// most returns how many requests may be under way.
func (b *budget) most() int { return int(b.limit) }

// moved notes progress.
func (b *budget) moved(now time.Time, n int64) {
	b.work += n
	b.step(now)
}

// answered notes that a request that began at began was answered.
func (b *budget) answered(now, began time.Time, throttled bool) {
	if throttled && began.After(b.cut) { // the others were under way before it was lowered
		b.limit = max(leastRequests, b.limit/2)
		b.best, b.before, b.doubling, b.hold, b.cut = 0, 0, false, holdIntervals/2, now
		b.restart(now)
		return
	}
	b.moved(now, requestWork)
}

// opened notes how long a store took to begin an answer.
func (b *budget) opened(d time.Duration) {
	s, l := d.Seconds(), &b.answer
	if l.calm == 0 {
		l.calm, l.now = s, s
	}
	l.calm = min(l.calm*1.002, s)
	l.now += (s - l.now) / 16
}

// slow reports whether answers take clearly longer than they did.
func (l latency) slow() bool { return l.now > 4*l.calm+0.1 }

func (b *budget) restart(now time.Time) { b.since, b.work, b.pressed = now, 0, false }

// step ends the interval if it is over, and judges it.
func (b *budget) step(now time.Time) {
	elapsed := now.Sub(b.since)
	if elapsed < budgetInterval {
		return
	}
	rate, pressed := float64(b.work)/elapsed.Seconds(), b.pressed
	first := b.since.IsZero()
	b.restart(now)
	switch {
	case first, !pressed, elapsed > idleTime: // nothing to learn
	case b.before > 0:
		b.judge(rate)
	case b.answer.slow() && b.limit > calmRequests:
		b.limit, b.hold = max(calmRequests, b.limit*0.75), holdIntervals
	case b.hold > 0:
		b.hold--
		b.best += (rate - b.best) / 4
	default:
		b.best = max(b.best, rate)
		b.try()
	}
}

// judge ends a trial. Of what the requests grew by, a fraction must be gained, as
// servers and lines fill up slowly; and less than that fraction may be lost, where
// they became fewer.
func (b *budget) judge(rate float64) {
	if rate > b.best*(1+0.15*(b.limit/b.before-1)) {
		b.best = rate
		b.try()
		return
	}
	b.limit, b.before, b.doubling, b.lower, b.hold = b.before, 0, false, !b.lower, holdIntervals
}

// try puts another limit on trial.
func (b *budget) try() {
	b.before = b.limit
	switch {
	case b.doubling:
		b.limit = min(2*b.limit, mostRequests)
	case b.lower:
		b.limit = max(b.limit-2, min(b.limit, calmRequests))
	default:
		b.limit = min(b.limit+2, mostRequests)
	}
}
