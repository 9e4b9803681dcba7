package transfer

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// A limiter keeps to a [budget]. Whoever waits is served in order, and those that go
// on with what they began before those that begin.
type limiter struct {
	mu      sync.Mutex
	budget  budget
	running int
	waiting list.List // of chan struct{}
}

func newLimiter() *limiter { return &limiter{budget: newBudget()} }

// acquire waits for a request to be free.
func (l *limiter) acquire(ctx context.Context, again bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	if l.running < l.budget.most() && l.waiting.Len() == 0 {
		l.running++
		l.mu.Unlock()
		return nil
	}
	l.budget.pressed = true
	turn := make(chan struct{})
	push := l.waiting.PushBack
	if again {
		push = l.waiting.PushFront
	}
	place := push(turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-turn: // too late
		l.running--
		l.wake()
	default:
		l.waiting.Remove(place)
	}
	return ctx.Err()
}

func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	l.wake()
}

// wake lets those go whose turn it is.
func (l *limiter) wake() {
	for l.running < l.budget.most() {
		first := l.waiting.Front()
		if first == nil {
			return
		}
		l.waiting.Remove(first)
		l.running++
		close(first.Value.(chan struct{}))
	}
}

// note tells the budget something.
func (l *limiter) note(f func(b *budget, now time.Time)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.budget, time.Now())
	l.wake()
}
