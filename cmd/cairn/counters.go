package main

import (
	"time"

	"github.com/cairnstore/cairn/store/transfer"
)

// counters are what the transfers of a command have cost, for documents.
type counters struct {
	Copied   int64   `json:"copied"`          // bytes that the server copied by itself
	Reused   int64   `json:"reused"`          // bytes that were there already
	Requests int64   `json:"requests"`        // calls of the store
	Retries  int64   `json:"retries"`         // those of them that were made again
	Hashing  float64 `json:"hashing_seconds"` // summed over cores
	Waiting  float64 `json:"waiting_seconds"` // for the store, summed over requests
}

func countersOf(m *transfer.Meter) counters {
	return counters{
		Copied: m.Copied.Load(), Reused: m.Reused.Load(),
		Requests: m.Requests.Load(), Retries: m.Retries.Load(),
		Hashing: time.Duration(m.HashNanos.Load()).Seconds(), Waiting: time.Duration(m.WaitNanos.Load()).Seconds(),
	}
}

// done returns the bytes that need not be moved any more.
func done(m *transfer.Meter) int64 {
	return min(m.Moved.Load()+m.Copied.Load()+m.Reused.Load(), m.Total.Load()) // packs have headers too
}

// sentText says how much of a push went over the network.
func sentText(m *transfer.Meter) string {
	text := size(m.Moved.Load()) + " sent"
	if n := m.Copied.Load(); n > 0 {
		text += ", " + size(n) + " copied on the server"
	}
	return text
}
