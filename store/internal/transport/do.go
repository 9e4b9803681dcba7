package transport

import (
	"context"
	"io"
	"net/http"
)

type bodyKey struct{}

// WithBody returns a context in which [Do] sends body. It is for one PUT request
// through an SDK, which has to put the context into the request, and is given the
// reader in place of body: it may seek there, but not need the bytes.
func WithBody(ctx context.Context, body *io.SectionReader) (context.Context, io.ReadSeeker) {
	return context.WithValue(ctx, bodyKey{}, body), io.NewSectionReader(body, 0, body.Size())
}

// Do sends r by send, with the body that its context has, if any. Whatever an SDK
// has wrapped around its own would keep the kernel from sending a file. The body
// is sent at most once. If it cannot be read the error is a [*BodyError].
func Do(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	section, ok := r.Context().Value(bodyKey{}).(*io.SectionReader)
	if !ok || r.Body == nil || r.Method != http.MethodPut || r.ContentLength != section.Size() {
		return send(r) // the body is empty, or this is a request for credentials
	}
	r.Body.Close()
	b := newBody(section)
	r = r.WithContext(r.Context())
	r.Body, r.GetBody = b, nil
	response, err := send(r)
	if failure := b.failure(); failure != nil {
		if response != nil {
			response.Body.Close()
		}
		return nil, failure
	}
	return response, err
}
