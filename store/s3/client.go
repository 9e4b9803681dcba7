package s3

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/cairnstore/cairn/store/internal/transport"
)

// connect returns a client, and the way to send requests that are answered
// late. Each request is sent once: callers know what may be tried again, and when.
func connect(ctx context.Context, o Options) (*s3.Client, s3.HTTPClient, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(o.Region), // an empty one counts as none
		config.WithDefaultRegion("us-east-1"),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(transport.Tune)),
		config.WithLogger(logging.Nop{}),
	)
	if err != nil {
		return nil, nil, err
	}
	cfg.Credentials = credentials{cfg.Credentials}
	client := s3.NewFromConfig(cfg, func(so *s3.Options) {
		if o.Endpoint != "" {
			so.BaseEndpoint = aws.String(withScheme(o.Endpoint))
		}
		so.UsePathStyle = so.BaseEndpoint != nil
		so.Retryer = aws.NopRetryer{}
		so.HTTPClient = sender{cfg.HTTPClient}
		// The checksums that matter are given by hand. Others cost time, and
		// not every server knows them.
		so.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		so.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		so.ContinueHeaderThresholdBytes = -1
	})
	return client, sender{patient(cfg.HTTPClient)}, nil
}

// A sender is given to the client only when it is made, and not with the
// configuration, or the client would wrap the connections.
type sender struct{ aws.HTTPClient }

// Do implements [aws.HTTPClient].
func (s sender) Do(r *http.Request) (*http.Response, error) { return transport.Do(r, s.HTTPClient.Do) }

func withScheme(endpoint string) string {
	if strings.Contains(endpoint, "://") {
		return endpoint
	}
	return "https://" + endpoint
}

// patient returns a client that waits long for an answer. It derives it from
// the one of the configuration, to which the SDK may have added certificates.
func patient(c aws.HTTPClient) aws.HTTPClient {
	buildable, ok := c.(*awshttp.BuildableClient)
	if !ok {
		return c
	}
	return buildable.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = transport.CompleteTimeout })
}

// unsignedPayload saves a SHA-256 of the body, which the SDK computes where
// there is no TLS. The body has its own checksum, in a signed header.
func unsignedPayload(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}

func (s *Store) patient(o *s3.Options) { o.HTTPClient = s.complete }
