package gcs_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/doctor"
	"github.com/cairnstore/cairn/store/gcs"
	"github.com/cairnstore/cairn/store/storetest"
	"github.com/cairnstore/cairn/store/storetest/server"
)

func TestConformance(t *testing.T) { storetest.Run(t, fake(t), nil) }

func TestConformanceUnderPrefix(t *testing.T) {
	storetest.Run(t, store.WithPrefix(fake(t), "some/prefix/"), nil)
}

func TestDoctor(t *testing.T) {
	found := 0
	for finding, err := range doctor.Examine(t.Context(), fake(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if finding.Err != nil {
			t.Errorf("%s: %v", finding.Check.Name, finding.Err)
		}
		found++
	}
	if found != len(doctor.Checks) {
		t.Errorf("%d findings, want %d", found, len(doctor.Checks))
	}
}

func TestNoBucketOnServer(t *testing.T) {
	fake(t)
	s := open(t, "none")
	_, swapErr := s.Swap(t.Context(), "k", store.NoToken, nil)
	for op, err := range map[string]error{"create": create(t, s, "k", ""), "swap": swapErr, "list": list(t, s, "").err} {
		if !errors.Is(err, store.ErrNoStore) {
			t.Errorf("%s in a bucket that does not exist: %v", op, err)
		}
	}
}

// fake returns an empty bucket of fake-gcs-server.
func fake(t *testing.T) *gcs.Store {
	t.Helper()
	s := server.GCS(t)
	front := httptest.NewServer(conditional(s.Endpoint))
	t.Cleanup(front.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", front.URL)
	return open(t, s.Bucket)
}

// conditional is what Google's service is and fake-gcs-server is not: it heeds the
// condition on a compose that there is no object yet.
func conditional(endpoint string) http.Handler {
	server := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: endpoint})
	var writes sync.RWMutex // held alone by such a compose
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isCompose := strings.CutSuffix(r.URL.EscapedPath(), "/compose")
		switch {
		case isCompose && r.URL.Query().Get("ifGenerationMatch") == "0":
			writes.Lock()
			defer writes.Unlock()
			object, err := http.Get("http://" + endpoint + path)
			if err != nil {
				refuse(w, http.StatusBadGateway, err.Error())
				return
			}
			object.Body.Close()
			if object.StatusCode != http.StatusNotFound {
				refuse(w, http.StatusPreconditionFailed, "At least one of the pre-conditions you specified did not hold.")
				return
			}
		case r.Method != http.MethodGet:
			writes.RLock()
			defer writes.RUnlock()
		}
		server.ServeHTTP(w, r)
	})
}

func open(t *testing.T, bucket string) *gcs.Store {
	t.Helper()
	s, err := gcs.New(t.Context(), bucket)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
