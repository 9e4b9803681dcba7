package transport_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cairnstore/cairn/store/internal/transport"
)

func TestHTTP1Only(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Proto", r.Proto)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	both := s.Client().Transport.(*http.Transport)
	for name, base := range map[string]*http.Transport{
		"fresh":  {TLSClientConfig: both.TLSClientConfig.Clone()},
		"cloned": both.Clone(), // as the AWS SDK hands it over
	} {
		t.Run(name, func(t *testing.T) {
			transport.Tune(base)
			for _, tr := range []*http.Transport{base, base.Clone()} {
				resp, err := (&http.Client{Transport: tr}).Get(s.URL)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if got := resp.Header.Get("Proto"); got != "HTTP/1.1" {
					t.Errorf("speaks %s", got)
				}
			}
		})
	}
}
