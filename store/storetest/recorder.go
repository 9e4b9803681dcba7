package storetest

import (
	"sync"

	"github.com/cairnstore/cairn/store"
)

// A Recorder is a Composer that keeps the list of the calls made through it, in the
// order in which they were answered.
type Recorder struct {
	store.Composer
	mu    sync.Mutex
	calls []Call
}

// NewRecorder returns a Recorder of the calls to s. Where s is no Composer, nothing
// can be composed through it either.
func NewRecorder(s store.Store) *Recorder {
	r := new(Recorder)
	r.Composer = &intercept{s, r.record}
	return r
}

func (r *Recorder) record(c Call, call func() error) error {
	err := call()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	return err
}

// Take returns the calls since the last Take.
func (r *Recorder) Take() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}
