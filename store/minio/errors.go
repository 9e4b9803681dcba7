package minio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

// explain says what err, of the operation op, means in the words of package
// store.
func (s *Store) explain(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	var failed *identityError
	if errors.As(err, &failed) {
		return failed.explain(ctx, op, s.bucket)
	}
	if strings.Contains(err.Error(), "Connection closed by foreign host") {
		err = io.ErrUnexpectedEOF // which the client hides behind that text
	}
	return s3api.Explain(ctx, op, s.bucket, answer(err), err)
}

// answer returns what the server said, or nil if it said nothing.
func answer(err error) *s3api.Answer {
	var response minio.ErrorResponse
	if !errors.As(err, &response) {
		return nil
	}
	return &s3api.Answer{Status: response.StatusCode, Code: response.Code, Message: response.Message}
}

// identity marks the errors of a provider of credentials, which itself sends
// requests that may fail.
type identity struct{ *credentials.IAM }

type identityError struct{ error }

func (e *identityError) Unwrap() error { return e.error }

func (i identity) RetrieveWithCredContext(c *credentials.CredContext) (credentials.Value, error) {
	v, err := i.IAM.RetrieveWithCredContext(c)
	if err != nil {
		err = &identityError{err}
	}
	return v, err
}

func (e *identityError) explain(ctx context.Context, op, bucket string) error {
	var answer *s3api.Answer
	var sts credentials.ErrorResponse
	if errors.As(e.error, &sts) {
		answer = &s3api.Answer{Code: sts.STSError.Code, Message: sts.STSError.Message}
	}
	err := s3api.Explain(ctx, op, bucket, answer, e.error)
	if ctx.Err() != nil || errors.Is(err, store.ErrTemporary) || errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: no credentials: %w", fs.ErrPermission, err)
}
