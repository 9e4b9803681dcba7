// Package s3api is what the drivers of the S3 API have in common, whichever
// client they use: what its answers mean, and how it writes ranges, checksums
// and listings.
package s3api

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/transport"
)

// An Answer is how a server refused a request.
type Answer struct {
	Status  int    // HTTP
	Code    string // of the S3 API, if there was one
	Message string
}

// Error returns one line.
func (a Answer) Error() string {
	text := a.Code
	if text == "" {
		text = fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	}
	if a.Message != "" && a.Message != a.Code {
		text += ": " + a.Message
	}
	return line(text)
}

// line makes one line of text, and not a long one.
func line(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// Explain says in the words of package store what err means, which ended the
// operation op on bucket. The answer is that of the server, if it gave one.
func Explain(ctx context.Context, op, bucket string, answer *Answer, err error) error {
	var body *transport.BodyError
	switch {
	case answer != nil:
		return answer.explain(op, bucket)
	case ended(ctx) != nil:
		return ended(ctx)
	case errors.As(err, &body):
		return body
	case isUnanswered(err):
		return temporary(err)
	}
	return errors.New(line(cause(err).Error()))
}

func (a Answer) explain(op, bucket string) error {
	switch a.kind() {
	case absent:
		return fs.ErrNotExist
	case noBucket:
		return fmt.Errorf("%w: %s", store.ErrNoStore, bucket)
	case refused:
		switch op {
		case "create":
			return fs.ErrExist
		case "swap":
			return store.ErrConflict
		}
		return a
	case forbidden:
		return fmt.Errorf("%w: %w", fs.ErrPermission, a)
	case mismatch:
		return fmt.Errorf("%w: %w", store.ErrChecksum, a)
	case passing:
		return fmt.Errorf("%w: %w", store.ErrTemporary, a)
	case throttled:
		return fmt.Errorf("%w: %w", store.ErrThrottled, a)
	}
	if op == "copy" { // whatever a server says that does not know how
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, a)
	}
	return a
}

// ended returns the error of ctx if it has ended. A connection may notice a
// deadline a moment before its context does.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) && ctx.Err() == nil {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// isUnanswered reports whether err is of a request that the server did not
// answer, or not to the end, for a reason that may pass.
func isUnanswered(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		plain       tls.RecordHeaderError
		file        *fs.PathError // of credentials, say; its number counts as a net.Error
		address     *url.Error
		network     net.Error
		answer      *xml.SyntaxError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &file):
		return false
	case errors.As(err, &address) && address.Op == "parse":
		return false
	}
	return errors.As(err, &network) || errors.As(err, &answer) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// temporary returns ErrTemporary with the cause of err. The time limits of
// net/http say that they are context.DeadlineExceeded; here that is said of the
// caller's context only.
func temporary(err error) error {
	err = cause(err)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = errors.New(line(err.Error()))
	}
	return fmt.Errorf("%w: %w", store.ErrTemporary, err)
}

// cause returns err less the request, which the caller names, and what the
// client has to say about it.
func cause(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}
