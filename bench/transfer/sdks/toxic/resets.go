package main

import (
	"math/rand/v2"
	"sync"

	"github.com/Shopify/toxiproxy/v2/toxics"
)

const unit = 1 << 20

// misfortune says which of the bytes that pass end their connection.
type misfortune struct {
	mu     sync.Mutex
	random *rand.Rand
	chance float64 // of each MiB
	left   int64   // bytes until the next draw
}

var shared misfortune // toxiproxy makes each toxic of a copy of the registered one

func registerResets(chance float64, seed uint64) {
	shared = misfortune{random: rand.New(rand.NewPCG(seed, 0)), chance: chance, left: unit}
	toxics.Register("resets", new(Resets))
}

func (m *misfortune) strikes(n int64) (hit bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.left -= n; m.left <= 0; m.left += unit {
		hit = m.random.Float64() < m.chance || hit
	}
	return hit
}

// Resets is a toxic that ends a connection now and then.
type Resets struct{}

// Pipe passes bytes until misfortune strikes.
func (*Resets) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil || shared.strikes(int64(len(c.Data))) {
				stub.Close()
				return
			}
			stub.Output <- c
		}
	}
}
