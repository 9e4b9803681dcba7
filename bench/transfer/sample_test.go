package main

import (
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []int
		want   int
	}{
		{nil, 0},
		{[]int{7}, 7},
		{[]int{9, 1}, 5},
		{[]int{9, 1, 2}, 2},
		{[]int{4, 100, 2, 1}, 3},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("the median of %v is %d, want %d", c.values, got, c.want)
		}
	}
}

// Samples that others have disturbed count only while there are too few without.
func TestTypical(t *testing.T) {
	clean := func(wall time.Duration) sample { return sample{Wall: wall, Clean: true} }
	disturbed := sample{Wall: 100}
	for _, c := range []struct {
		name  string
		all   []sample
		wall  time.Duration
		clean int
	}{
		{"none", nil, 0, 0},
		{"too few", []sample{clean(1), disturbed, clean(3), disturbed, disturbed}, 100, 2},
		{"enough", []sample{clean(1), disturbed, clean(3), disturbed, clean(2)}, 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, n := typical(c.all)
			if m.Wall != c.wall || n != c.clean {
				t.Errorf("got %d of %d clean ones, want %d of %d", m.Wall, n, c.wall, c.clean)
			}
			if m.Clean != (n >= enough) {
				t.Errorf("Clean is %v with %d clean ones", m.Clean, n)
			}
		})
	}
}

// Each thing measured has its own median.
func TestTypicalOfAll(t *testing.T) {
	one := sample{Wall: 2, ClientCPU: 4, ServerCPU: 6, Foreign: 8, Peak: 10, Requests: 12, Received: 14, Sent: 16, Told: 18, Refused: 20, Needed: 22, Again: 24, Changed: 26}
	if m, _ := typical([]sample{one, one}); m != one {
		t.Errorf("the median of equal samples is %+v", m)
	}
}

func TestScale(t *testing.T) {
	s := sample{Wall: 1, ClientCPU: 2, ServerCPU: 3, Peak: 4, Requests: 5, Received: 6, Sent: 7}
	s.scale(10)
	if want := (sample{Wall: 10, ClientCPU: 20, ServerCPU: 30, Peak: 4, Requests: 50, Received: 60, Sent: 70}); s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
}
