package gcs

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/compute/metadata"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"

	"github.com/cairnstore/cairn/store"
)

// errCondition is the server's refusal to write because the object is not in
// the state that was asked for.
var errCondition = errors.New("the condition is not met")

func fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &store.Error{Op: op, Key: key, Err: err}
}

// meaning says what an error of the library means in the words of the contract.
func (s *Store) meaning(ctx context.Context, err error) error {
	var answer *googleapi.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, storage.ErrBucketNotExist):
		return s.noBucket()
	case errors.As(err, &answer):
		return s.answer(answer)
	case errors.Is(err, storage.ErrObjectNotExist):
		return fs.ErrNotExist
	case unauthenticated(err):
		return fmt.Errorf("%w: %w", fs.ErrPermission, cause{err})
	case errors.As(err, &certificate):
		return cause{err}
	}
	// What else goes wrong goes wrong on the way, so nobody knows how far it got.
	return temporary(err)
}

func (s *Store) answer(e *googleapi.Error) error {
	switch {
	case throttles(e):
		return fmt.Errorf("%w: %w", store.ErrThrottled, cause{e})
	case e.Code == http.StatusUnauthorized, e.Code == http.StatusForbidden:
		return fmt.Errorf("%w: %w", fs.ErrPermission, cause{e})
	case e.Code == http.StatusNotFound && strings.Contains(e.Message, "bucket does not exist"):
		return s.noBucket()
	case e.Code == http.StatusNotFound:
		return fs.ErrNotExist
	case e.Code == http.StatusPreconditionFailed:
		return errCondition
	case e.Code == http.StatusBadRequest && strings.Contains(e.Message, "CRC32C"):
		return fmt.Errorf("%w: %w", store.ErrChecksum, cause{e})
	case e.Code == http.StatusRequestTimeout, e.Code == http.StatusConflict, e.Code >= 500:
		return temporary(e)
	}
	return cause{e}
}

// throttles reports whether the server asks for fewer requests: by the code, or in
// an answer whose code may mean something else too.
func throttles(e *googleapi.Error) bool {
	limited := func(item googleapi.ErrorItem) bool {
		return item.Reason == "rateLimitExceeded" || item.Reason == "userRateLimitExceeded"
	}
	return e.Code == http.StatusTooManyRequests || slices.ContainsFunc(e.Errors, limited) ||
		e.Code == http.StatusServiceUnavailable && strings.Contains(e.Body, "<Code>SlowDown</Code>")
}

func (s *Store) noBucket() error { return fmt.Errorf("%w: gs://%s", store.ErrNoStore, s.name) }

func temporary(err error) error { return fmt.Errorf("%w: %w", store.ErrTemporary, cause{err}) }

// unauthenticated reports whether the credentials were refused before there was
// anything to send. The auth library has a type for some such errors and only
// its prefix for others. A service that was not reached, or that failed, has
// refused nothing.
func unauthenticated(err error) bool {
	var request, token *url.Error
	if !errors.As(err, &request) || errors.As(request.Err, &token) {
		return false
	}
	err = request.Err
	var refused *auth.Error
	var answered *metadata.Error
	switch {
	case errors.As(err, &refused):
		return !refused.Temporary()
	case errors.As(err, &answered):
		return answered.Code < 500
	}
	text := err.Error()
	return (strings.HasPrefix(text, "auth: ") || strings.HasPrefix(text, "credentials: ")) && !strings.Contains(text, "status code 5")
}

// noClient says why there is no client: for want of usable credentials, as none
// of the store's requests is sent yet.
func noClient(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", fs.ErrPermission, cause{err})
}

func statusOf(err error) int {
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	return 0
}

// A cause is an error of the library, told in one line: the library's own text
// may be a page of JSON, or a URL with all its parameters.
type cause struct{ err error }

func (c cause) Error() string {
	text := c.err.Error()
	var answer *googleapi.Error
	var request *url.Error
	switch {
	case errors.As(c.err, &answer):
		text = fmt.Sprintf("HTTP %d: %s", answer.Code, explanation(answer))
	case errors.As(c.err, &request):
		text = request.Err.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

func (c cause) Unwrap() error { return c.err }

// explanation is what the server says for people, in JSON or in XML.
func explanation(e *googleapi.Error) string {
	var body struct{ Message, Details string }
	if e.Message == "" && xml.Unmarshal([]byte(e.Body), &body) != nil {
		return http.StatusText(e.Code)
	}
	return cmp.Or(e.Message, body.Details, body.Message, http.StatusText(e.Code))
}
