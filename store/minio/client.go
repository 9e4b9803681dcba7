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

const attempts = 3

// clients differ in how often they send a request and how long they wait.
type clients struct {
	reads    *minio.Core // also for what may be done twice
	once     *minio.Core // conditional writes, and the parts, which package multipart repeats
	complete *minio.Core // once, and for an answer that takes long

	transport http.RoundTripper
	connect   func(t http.RoundTripper, attempts int) (*minio.Core, error)
}

func connect(endpoint string, o Options) (c clients, err error) {
	creds := provider()
	c.connect = func(t http.RoundTripper, attempts int) (*minio.Core, error) {
		return minio.NewCore(endpoint, &minio.Options{
			Creds:      creds,
			Secure:     !o.Insecure,
			Region:     region(endpoint),
			Transport:  t,
			MaxRetries: attempts, // the first one counts
		})
	}
	tuned := newTransport()
	c.transport = tuned
	patient := newTransport()
	patient.ResponseHeaderTimeout = transport.CompleteTimeout
	if c.reads, err = c.connect(tuned, attempts); err != nil {
		return c, err
	}
	if c.once, err = c.connect(tuned, 1); err != nil {
		return c, err
	}
	c.complete, err = c.connect(patient, 1)
	return c, err
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
