package main

import (
	"slices"
	"time"
)

// A sample is what one run of a tool took.
type sample struct {
	Wall      time.Duration `json:"wall_ns"`
	ClientCPU time.Duration `json:"client_cpu_ns"`
	ServerCPU time.Duration `json:"server_cpu_ns"`
	Foreign   time.Duration `json:"foreign_cpu_ns"` // of all else on the machine
	Peak      int64         `json:"peak_bytes"`
	Requests  int           `json:"requests"` // that reached the server
	Received  int64         `json:"received_bytes"`
	Sent      int64         `json:"sent_bytes"` // by the server
	Clean     bool          `json:"clean"`

	Told    int64   `json:"told_bytes,omitempty"`    // sent, as the tool itself says
	Refused int     `json:"refused,omitempty"`       // requests that were answered 503
	Needed  int     `json:"needed,omitempty"`        // requests of the same job when none is refused
	Again   float64 `json:"sent_again,omitempty"`    // part of the bytes that was sent a second time
	Changed int64   `json:"changed_bytes,omitempty"` // of the file, since the version before
}

// scale is the sample of a job n times as large, if all but memory grows with it.
func (s *sample) scale(n int) {
	s.Wall *= time.Duration(n)
	s.ClientCPU *= time.Duration(n)
	s.ServerCPU *= time.Duration(n)
	s.Requests *= n
	s.Received *= int64(n)
	s.Sent *= int64(n)
}

const enough = 3 // clean samples, to do without the others

// typical returns the median of each thing measured, over the clean samples if they
// are enough, otherwise over all, and how many were clean.
func typical(all []sample) (m sample, clean int) {
	var good []sample
	for _, s := range all {
		if s.Clean {
			good = append(good, s)
		}
	}
	counted := all
	if len(good) >= enough {
		counted = good
	}
	return sample{
		Wall:      medianOf(counted, func(s *sample) time.Duration { return s.Wall }),
		ClientCPU: medianOf(counted, func(s *sample) time.Duration { return s.ClientCPU }),
		ServerCPU: medianOf(counted, func(s *sample) time.Duration { return s.ServerCPU }),
		Foreign:   medianOf(counted, func(s *sample) time.Duration { return s.Foreign }),
		Peak:      medianOf(counted, func(s *sample) int64 { return s.Peak }),
		Requests:  medianOf(counted, func(s *sample) int { return s.Requests }),
		Received:  medianOf(counted, func(s *sample) int64 { return s.Received }),
		Sent:      medianOf(counted, func(s *sample) int64 { return s.Sent }),
		Told:      medianOf(counted, func(s *sample) int64 { return s.Told }),
		Refused:   medianOf(counted, func(s *sample) int { return s.Refused }),
		Needed:    medianOf(counted, func(s *sample) int { return s.Needed }),
		Again:     medianOf(counted, func(s *sample) float64 { return s.Again }),
		Changed:   medianOf(counted, func(s *sample) int64 { return s.Changed }),
		Clean:     len(good) >= enough,
	}, len(good)
}

type number interface {
	~int | ~int64 | ~float64
}

func medianOf[T number](all []sample, get func(*sample) T) T {
	values := make([]T, len(all))
	for i := range all {
		values[i] = get(&all[i])
	}
	return median(values)
}

// median returns the middle of values, or the mean of the two in the middle.
func median[T number](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
