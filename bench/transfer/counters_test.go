package main

import (
	"testing"
	"time"
)

func TestParseCounters(t *testing.T) {
	const text = `# HELP minio_api_requests_total Total number of requests
# TYPE minio_api_requests_total counter
minio_api_requests_total{name="PutObject",server="127.0.0.1:9000",type="s3"} 3
minio_api_requests_total{name="GetObject",server="127.0.0.1:9000",type="s3"} 4
minio_api_requests_total{name="other",server="127.0.0.1:9000",type="internode"} 100
minio_api_requests_4xx_errors_total{name="GetObject",server="127.0.0.1:9000",type="s3"} 9
minio_api_requests_traffic_received_bytes{server="127.0.0.1:9000",type="s3"} 3.000001e+06
minio_api_requests_traffic_sent_bytes{server="127.0.0.1:9000",type="s3"} 17
minio_api_requests_inflight_total{name="PutObject",server="127.0.0.1:9000",type="s3"} 0
`
	const underway = `minio_api_requests_inflight_total{name="GetObject",server="127.0.0.1:9000",type="s3"} 1` + "\n"
	want := counters{requests: 7, received: 3_000_001, sent: 17}
	if c, busy, err := parseCounters(text); err != nil || busy || c != want {
		t.Errorf("got %+v, busy %v, %v, want %+v", c, busy, err, want)
	}
	if c, busy, err := parseCounters(text + underway); err != nil || !busy || c != want {
		t.Errorf("got %+v, busy %v, %v, want %+v and busy", c, busy, err, want)
	}
	if _, _, err := parseCounters(`minio_api_requests_total{type="s3"} many`); err == nil {
		t.Error("a value that is no number is taken")
	}
}

func TestParseProcessor(t *testing.T) {
	busy, err := parseBusy("cpu  100 1 20 5000 300 4 5 6 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n")
	if want := 136 * tick; err != nil || busy != want {
		t.Errorf("got %v, %v, want %v", busy, err, want)
	}
	took, err := parseProcess("42 (a (strange) name) S 1 42 42 0 -1 4194304 9 0 0 0 150 25 7 7 20 0 8 0 100 1 1")
	if want := 175 * tick; err != nil || took != want {
		t.Errorf("got %v, %v, want %v", took, err, want)
	}
	for _, text := range []string{"", "cpu 1 2", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h"} {
		if _, err := parseBusy(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestIsClean(t *testing.T) {
	if !isClean(time.Second, 20*time.Millisecond) {
		t.Error("20 ms of others disturb a second")
	}
	if isClean(time.Second, 10*time.Second) {
		t.Error("ten seconds of others do not disturb one")
	}
}
