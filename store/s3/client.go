package s3

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/cairnstore/cairn/store/internal/transport"
)

// connect returns a client, and the way to send requests that are answered
// late.
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
		so.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxBackoff = 500 * time.Millisecond })
		// The checksums that matter are given by hand. Others cost time, and
		// not every server knows them.
		so.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		so.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		so.ContinueHeaderThresholdBytes = -1
	})
	return client, patient(cfg.HTTPClient), nil
}

func withScheme(endpoint string) string {
	if strings.Contains(endpoint, "://") {
		return endpoint
	}
	return "https://" + endpoint
}

// patient returns a client that waits long for an answer. It derives it from
// the one of the configuration, to which the SDK may have added certificates.
func patient(c aws.HTTPClient) s3.HTTPClient {
	buildable, ok := c.(*awshttp.BuildableClient)
	if !ok {
		return c
	}
	return buildable.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = transport.CompleteTimeout })
}

// once keeps the SDK from sending a request again: of a conditional write,
// because then the answer may be that to the second; of a part, because package
// multipart does that.
func once(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

// unsignedPayload saves a SHA-256 of the body, which the SDK computes where
// there is no TLS. The body has its own checksum, in a signed header.
func unsignedPayload(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}

func (s *Store) patient(o *s3.Options) { o.HTTPClient = s.complete }
