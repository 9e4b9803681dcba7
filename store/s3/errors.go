package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/cairnstore/cairn/store"
	"github.com/cairnstore/cairn/store/internal/s3api"
)

// explain says what err, of the operation op, means in the words of package
// store.
func (s *Store) explain(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	var missing *credentialsError
	if errors.As(err, &missing) {
		return missing.explain(ctx, op, s.bucket)
	}
	return s3api.Explain(ctx, op, s.bucket, answer(err), err)
}

// answer returns what the server said, or nil if it did not get to say it all.
func answer(err error) *s3api.Answer {
	var response *smithyhttp.ResponseError
	var api smithy.APIError
	hasResponse, hasAPI := errors.As(err, &response), errors.As(err, &api)
	a := &s3api.Answer{}
	if hasResponse {
		a.Status = response.HTTPStatusCode()
	}
	if hasAPI {
		a.Code, a.Message = api.ErrorCode(), api.ErrorMessage()
	}
	if !hasAPI && (!hasResponse || a.Status < 300) {
		return nil
	}
	return a
}

// credentials marks the errors of a provider of credentials, which may itself
// send requests that fail.
type credentials struct{ aws.CredentialsProvider }

type credentialsError struct{ error }

func (e *credentialsError) Unwrap() error { return e.error }

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	v, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &credentialsError{err}
	}
	return v, err
}

func (e *credentialsError) explain(ctx context.Context, op, bucket string) error {
	err := s3api.Explain(ctx, op, bucket, answer(e.error), e.error)
	switch {
	case ctx.Err() != nil:
		return err
	case isMetadata(e.error):
		return fmt.Errorf("%w: no credentials in the environment, the configuration files or the machine's metadata", fs.ErrPermission)
	case errors.Is(err, store.ErrTemporary), errors.Is(err, fs.ErrPermission):
		return err
	}
	return fmt.Errorf("%w: no credentials: %w", fs.ErrPermission, err)
}

// isMetadata reports whether err is of the machine's metadata, which is the
// last place to look for credentials and does not exist on most machines.
func isMetadata(err error) bool {
	for {
		var operation *smithy.OperationError
		if !errors.As(err, &operation) {
			return false
		}
		if operation.Service() == "ec2imds" {
			return true
		}
		err = operation.Err
	}
}
