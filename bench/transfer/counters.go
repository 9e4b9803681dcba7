package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Counters are what a server has counted since it started.
type counters struct {
	requests       int
	received, sent int64 // bytes of bodies
}

// counters returns them once no request is under way any more.
func (s *server) counters(ctx context.Context) (c counters, err error) {
	for range 100 {
		c, busy, err := s.count()
		if err != nil || !busy {
			return c, err
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return c, fmt.Errorf("the server is still busy a second after its client has ended")
}

// count returns the counters as they are, and whether requests are under way.
func (s *server) count() (c counters, busy bool, err error) {
	text, err := get("http://" + s.endpoint + "/minio/metrics/v3/api/requests")
	if err != nil {
		return c, false, err
	}
	return parseCounters(text)
}

// parseCounters reads MinIO's metrics, which Prometheus would read.
func parseCounters(text string) (c counters, busy bool, err error) {
	for line := range strings.Lines(text) {
		name, labels, _ := strings.Cut(strings.TrimSpace(line), "{")
		if strings.HasPrefix(name, "#") || !strings.Contains(labels, `type="s3"`) {
			continue
		}
		value, err := strconv.ParseFloat(labels[strings.LastIndexByte(labels, ' ')+1:], 64)
		if err != nil {
			return c, false, fmt.Errorf("metric %s: %w", name, err)
		}
		switch name {
		case "minio_api_requests_total":
			c.requests += int(value)
		case "minio_api_requests_traffic_received_bytes":
			c.received += int64(value)
		case "minio_api_requests_traffic_sent_bytes":
			c.sent += int64(value)
		case "minio_api_requests_inflight_total":
			busy = busy || value > 0
		}
	}
	return c, busy, nil
}
