package storetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cairnstore/cairn/store"
)

// A Fault is what happens to a call.
type Fault int

// The faults.
const (
	FailsBefore Fault = iota // it fails before it takes effect
	LostAnswer               // it takes effect and its answer is lost
	CrashAfter               // it takes effect and the caller dies: every later call fails
)

func (f Fault) String() string {
	return [...]string{"fails before", "lost answer", "crash after"}[f]
}

// A Faulty is a Composer in which one call, chosen by its number, suffers a fault.
type Faulty struct {
	store.Composer
	at    int
	fault Fault

	mu       sync.Mutex
	calls    int
	suffered string
	crashed  bool
}

// NewFaulty returns a Faulty of s in which the call number at, counted from 0,
// suffers fault. Where s is no Composer, nothing can be composed through it either.
func NewFaulty(s store.Store, at int, fault Fault) *Faulty {
	f := &Faulty{at: at, fault: fault}
	f.Composer = &intercept{s, f.around}
	return f
}

// Suffered returns the call that suffered the fault, or nothing if there were
// too few calls.
func (f *Faulty) Suffered() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.suffered
}

func (f *Faulty) around(c Call, call func() error) error {
	suffers, err := f.next(c)
	if err != nil {
		return &store.Error{Op: c.Op, Key: c.Key, Err: err}
	}
	if !suffers {
		return call()
	}
	if f.fault != FailsBefore {
		call()
	}
	err = fmt.Errorf("%w: %s", store.ErrTemporary, f.fault)
	if f.fault == CrashAfter {
		err = errCrashed
	}
	return &store.Error{Op: c.Op, Key: c.Key, Err: err}
}

// next counts a call and reports whether it is the one to suffer.
func (f *Faulty) next(c Call) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return false, errCrashed
	}
	f.calls++
	if f.calls-1 != f.at {
		return false, nil
	}
	f.suffered = c.String()
	f.crashed = f.fault == CrashAfter
	return true, nil
}

var errCrashed = errors.New("the caller has crashed")
