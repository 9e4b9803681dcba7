// Package group runs goroutines that belong together, as errgroup does, and
// hands a panic in one of them to the goroutine that waits. There main can
// recover it; in a goroutine of its own it would end the process with an exit
// code that means something else.
package group

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
)

// A Group is a set of goroutines working on one task. Use [WithContext].
type Group struct {
	group *errgroup.Group
	once  sync.Once
	panic *Panic
}

// A Panic is what [Group.Wait] panics with: the value of the first panic, and
// the stack of the goroutine that it happened in.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

var errPanic = errors.New("a goroutine panicked")

// WithContext returns a Group, and a context that ends when ctx does, when a
// goroutine fails or panics, or when Wait returns.
func WithContext(ctx context.Context) (*Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	return &Group{group: group}, ctx
}

// SetLimit makes Go wait while n goroutines are running.
func (g *Group) SetLimit(n int) { g.group.SetLimit(n) }

// Go runs f in a goroutine.
func (g *Group) Go(f func() error) {
	g.group.Go(func() (err error) {
		defer func() {
			if v := recover(); v != nil {
				g.once.Do(func() { g.panic = &Panic{v, debug.Stack()} })
				err = errPanic
			}
		}()
		return f()
	})
}

// Wait waits for all goroutines and returns the first error. If one of them
// panicked, it panics with a [*Panic].
func (g *Group) Wait() error {
	err := g.group.Wait()
	if g.panic != nil {
		panic(g.panic)
	}
	return err
}
