package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The throttle refuses its share, in the same order for the same seed, and lets
// the others through as they are.
func TestThrottle(t *testing.T) {
	const requests = 1000
	var passed int
	var itself string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed++
		if r.Host == itself {
			t.Errorf("the host has become %s, and was signed", r.Host)
		}
		io.Copy(w, r.Body)
	}))
	defer upstream.Close()
	itself = strings.TrimPrefix(upstream.URL, "http://")
	b := &bench{server: &server{process: &process{endpoint: itself}}}
	var first string
	for range 2 {
		passed = 0
		var order strings.Builder
		r, err := b.startThrottle(0.5, 1)
		if err != nil {
			t.Fatal(err)
		}
		for range requests {
			order.WriteString(ask(t, r.endpoint))
		}
		r.stop()
		asked, refused := r.count()
		if asked != requests || passed != requests-refused || refused < 400 || refused > 600 {
			t.Errorf("of %d requests %d were refused and %d passed", asked, refused, passed)
		}
		if first != "" && order.String() != first {
			t.Error("the second round refuses other requests")
		}
		first = order.String()
	}
}

// ask returns the status of a request, which has its body back if it is 200.
func ask(t *testing.T, endpoint string) string {
	t.Helper()
	resp, err := http.Post("http://"+endpoint+"/bucket/key", "", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK && string(text) != "body" || resp.StatusCode != http.StatusOK && !strings.Contains(string(text), "SlowDown") {
		t.Errorf("%s: %s", resp.Status, text)
	}
	return resp.Status[:1]
}
