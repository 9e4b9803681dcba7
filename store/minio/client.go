package minio

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/cairnstore/cairn/store/internal/transport"
)

// clients send every request once: callers know what may be tried again, and
// when.
type clients struct {
	client  *minio.Core
	patient *minio.Core // waits longer for an answer

	transport http.RoundTripper
	connect   func(http.RoundTripper) (*minio.Core, error)
}

func connect(endpoint string, o Options) (c clients, err error) {
	creds := provider()
	c.connect = func(t http.RoundTripper) (*minio.Core, error) {
		return minio.NewCore(endpoint, &minio.Options{
			Creds:      creds,
			Secure:     !o.Insecure,
			Region:     region(endpoint),
			Transport:  t,
			MaxRetries: 1, // the first attempt counts
		})
	}
	c.transport = sender{newTransport()}
	patient := newTransport()
	patient.ResponseHeaderTimeout = transport.CompleteTimeout
	if c.client, err = c.connect(c.transport); err != nil {
		return c, err
	}
	c.patient, err = c.connect(sender{patient})
	return c, err
}

type sender struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (s sender) RoundTrip(r *http.Request) (*http.Response, error) {
	return transport.Do(r, s.RoundTripper.RoundTrip)
}

func newTransport() *http.Transport {
	t := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	transport.Tune(t)
	return t
}

// region returns the region to sign for. Without one the client would ask the
// server first; only AWS has answers that differ.
func region(endpoint string) string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "MINIO_REGION"} {
		if r := os.Getenv(name); r != "" {
			return r
		}
	}
	if s3utils.IsAmazonEndpoint(url.URL{Host: endpoint}) {
		return ""
	}
	return "us-east-1"
}

// provider returns where the credentials come from. It does not try the
// metadata of a machine, since outside AWS that is an address that may never
// answer. No credentials are anonymous ones.
func provider() *credentials.Credentials {
	if !isSet("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "MINIO_ROOT_USER", "MINIO_ACCESS_KEY") {
		switch {
		case isSet("AWS_WEB_IDENTITY_TOKEN_FILE"):
			return credentials.New(identity{&credentials.IAM{Endpoint: os.Getenv("AWS_ENDPOINT_URL_STS")}})
		case isSet("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
			return credentials.New(identity{&credentials.IAM{}})
		}
	}
	c := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.EnvMinio{}})
	c.GetWithContext(nil) // reads the environment now, not at the first request
	return c
}

func isSet(names ...string) bool {
	for _, name := range names {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}
