package transfer

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	now := time.Unix(1, 0)
	var p pace
	note := func(rates ...float64) (slow bool) {
		for _, r := range rates {
			slow = p.note(now, r)
		}
		return slow
	}
	if note(100, 100, 1) {
		t.Error("three rates are too few to judge by")
	}
	if !note(100, 100, 100, 20) || note(26) {
		t.Error("slow is what is below a quarter of the median")
	}
	now = now.Add(2 * paceFresh)
	if note(20, 20, 20, 20) {
		t.Error("all have become slow, which nobody is to blame for")
	}
	for range 10_000 {
		note(20)
	}
	if len(p.rates) > 4*mostRequests {
		t.Errorf("%d rates are kept", len(p.rates))
	}
}

func TestStride(t *testing.T) {
	now := time.Unix(1, 0)
	var p pace
	for range 10 {
		p.note(now, 1000)
	}
	var s stride
	step := func(bytes int, waited time.Duration) bool { return s.step(&p, now, bytes, waited) }
	step(1, paceWindow/2)
	if step(1, paceWindow/2) {
		t.Error("one slow window is no reason")
	}
	if step(1000, paceWindow) || step(1, paceWindow) {
		t.Error("nor are two with a fast one between them")
	}
	if !step(1, paceWindow) {
		t.Error("two in a row are")
	}
}
