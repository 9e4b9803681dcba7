package gcs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/gcs"
)

// calls are all the calls of a Store on the key "k".
func calls(t *testing.T, s *gcs.Store) map[string]func() error {
	return map[string]func() error{
		"open":   func() error { _, _, err := read(t, s, "k", 0, -1); return err },
		"stat":   func() error { _, err := s.Stat(t.Context(), "k"); return err },
		"list":   func() error { return list(t, s, "k").err },
		"create": func() error { return create(t, s, "k", "body") },
		"swap":   func() error { _, err := s.Swap(t.Context(), "k", "42", nil); return err },
		"delete": func() error { return s.Delete(t.Context(), "k") },
	}
}

func isLine(err error) bool { return !strings.Contains(err.Error(), "\n") && len(err.Error()) <= 200 }

func TestMeaningOfAnswers(t *testing.T) {
	const noBucket = "The specified bucket does not exist."
	nothing := errors.New("no error")
	var group sync.WaitGroup
	for _, c := range []struct {
		code    int
		message string
		want    error            // of every call
		but     map[string]error // for these calls
	}{
		{401, "Invalid Credentials", fs.ErrPermission, nil},
		{403, "x does not have storage.objects.get access to\nthe object.", fs.ErrPermission, nil},
		{404, "No such object: bucket/k", fs.ErrNotExist, map[string]error{
			"list": store.ErrNoStore, "create": store.ErrNoStore, "swap": store.ErrNoStore, "delete": nothing,
		}},
		{404, noBucket, store.ErrNoStore, nil},
		{408, "", store.ErrTemporary, nil},
		{409, "", store.ErrTemporary, nil},
		{429, "", store.ErrTemporary, nil},
		{500, "", store.ErrTemporary, nil},
		{503, "", store.ErrTemporary, nil},
	} {
		_, s := script(t, func(w http.ResponseWriter, r request) { refuse(w, c.code, c.message) })
		for op, call := range calls(t, s) {
			want := c.want
			if but, ok := c.but[op]; ok {
				want = but
			}
			group.Go(func() {
				if err := call(); want == nothing && err != nil || want != nothing && !means(err, op, want) {
					t.Errorf("%d %q: %v, want %v", c.code, c.message, err, want)
				}
			})
		}
	}
	group.Wait()
}

// means reports whether err is that of op on "k", means want, and says so in a
// line.
func means(err error, op string, want error) bool {
	var wrapped *store.Error
	return errors.Is(err, want) && errors.As(err, &wrapped) && wrapped.Op == op && wrapped.Key == "k" &&
		errors.Is(err, store.ErrTemporary) == (want == store.ErrTemporary) && isLine(err)
}

func TestMeaningOfRefusedCreate(t *testing.T) {
	for _, c := range []struct {
		code    int
		message string
		want    error
	}{
		{412, "At least one of the pre-conditions you specified did not hold.", fs.ErrExist},
		{400, `Provided CRC32C "AAAAAA==" doesn't match calculated CRC32C "yZRlqg==".`, store.ErrChecksum},
	} {
		_, s := script(t, func(w http.ResponseWriter, r request) { refuse(w, c.code, c.message) })
		if err := create(t, s, "k", "body"); !errors.Is(err, c.want) {
			t.Errorf("%d: %v", c.code, err)
		}
	}
}

func TestExplanationInXML(t *testing.T) {
	_, s := script(t, func(w http.ResponseWriter, r request) {
		w.WriteHeader(403)
		io.WriteString(w, `<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access denied.</Message><Details>job@x does not have storage.objects.get access.</Details></Error>`)
	})
	if _, _, err := read(t, s, "k", 0, -1); err == nil || !strings.Contains(err.Error(), "job@x does not have") {
		t.Errorf("%v", err)
	}
}

// TestCallsAreOneRequest leaves it to the caller to try again.
func TestCallsAreOneRequest(t *testing.T) {
	for _, op := range []string{"open", "stat", "list", "delete"} {
		server, s := script(t, func(w http.ResponseWriter, r request) { refuse(w, 503, "") })
		err := calls(t, s)[op]()
		if n := len(server.got()); n != 1 || !errors.Is(err, store.ErrTemporary) {
			t.Errorf("%s: %d requests, %v", op, n, err)
		}
	}
}

func TestThrottling(t *testing.T) {
	for _, c := range []struct {
		code   int
		answer string
		want   bool
	}{
		{429, `{"error":{"code":429,"message":"The object exceeded the rate limit"}}`, true},
		{503, `{"error":{"code":503,"message":"slow","errors":[{"reason":"rateLimitExceeded"}]}}`, true},
		{403, `{"error":{"code":403,"message":"slow","errors":[{"reason":"userRateLimitExceeded"}]}}`, true},
		{503, `<?xml version='1.0' encoding='UTF-8'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`, true},
		{503, `{"error":{"code":503,"message":"down","errors":[{"reason":"backendError"}]}}`, false},
		{403, `{"error":{"code":403,"message":"no","errors":[{"reason":"forbidden"}]}}`, false},
	} {
		_, s := script(t, func(w http.ResponseWriter, r request) {
			w.WriteHeader(c.code)
			io.WriteString(w, c.answer)
		})
		for op, call := range calls(t, s) {
			if op == "open" && strings.Contains(c.answer, "reason") {
				continue // is answered in XML
			}
			if err := call(); errors.Is(err, store.ErrThrottled) != c.want || !isLine(err) {
				t.Errorf("%s: %d %s: %v", op, c.code, c.answer, err)
			}
		}
	}
}

func TestServerDown(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", srv.URL)
	var group sync.WaitGroup
	for op, call := range calls(t, open(t, "bucket")) {
		group.Go(func() {
			start := time.Now()
			if err := call(); !means(err, op, store.ErrTemporary) || time.Since(start) > 5*time.Second {
				t.Errorf("%s: %v after %v", op, err, time.Since(start))
			}
		})
	}
	group.Wait()
}

func TestContextEndsWhileServerIsSilent(t *testing.T) {
	_, s := script(t, func(w http.ResponseWriter, r request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Stat(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrTemporary) {
		t.Fatalf("%v", err)
	}
}

func TestNoCredentials(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	_, err := gcs.New(t.Context(), "bucket")
	if !errors.Is(err, fs.ErrPermission) || !isLine(err) {
		t.Errorf("%v", err)
	}
}

// TestCredentialsWithoutToken has the credentials of a workload that gets no
// token for them. No request gets as far as the store.
func TestCredentialsWithoutToken(t *testing.T) {
	for _, c := range []struct {
		code int
		want error
	}{{400, fs.ErrPermission}, {503, store.ErrTemporary}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(c.code)
			io.WriteString(w, `{"error":"invalid_grant","error_description":"The audience does not match."}`)
		}))
		t.Cleanup(srv.Close)
		workload(t, srv.URL)
		for op, call := range calls(t, open(t, "bucket")) {
			if err := call(); !means(err, op, c.want) {
				t.Errorf("%s: %v, want %v", op, err, c.want)
			}
		}
	}
}

// workload makes the credentials of a federated workload the default ones.
func workload(t *testing.T, tokens string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "credentials.json")
	write(t, filepath.Join(dir, "token"), "a token")
	write(t, file, fmt.Sprintf(`{"type":"external_account","audience":"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
		"subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":%q,"credential_source":{"file":%q}}`,
		tokens, filepath.Join(dir, "token")))
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
