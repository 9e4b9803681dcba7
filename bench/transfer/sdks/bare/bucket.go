package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7/pkg/s3utils"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// A bucket is reached at AWS_ENDPOINT_URL_S3 with the keys of the environment.
type bucket struct {
	client           http.Client
	base             string
	user, key, token string
}

func newBucket(name string) *bucket {
	return &bucket{
		base: os.Getenv("AWS_ENDPOINT_URL_S3") + "/" + name,
		user: os.Getenv("AWS_ACCESS_KEY_ID"), key: os.Getenv("AWS_SECRET_ACCESS_KEY"), token: os.Getenv("AWS_SESSION_TOKEN"),
		client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * files, DisableCompression: true, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}},
	}
}

// send sends one request, whose payload is not part of the signature, and returns
// an answer that is a success.
func (b *bucket) send(ctx context.Context, method, key string, query url.Values, header http.Header, body io.Reader, size int64) (*http.Response, error) {
	if size == 0 {
		body = nil // or net/http would send it in chunks
	}
	req, err := http.NewRequestWithContext(ctx, method, b.base+"/"+s3utils.EncodePath(key)+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	req = signer.SignV4(*req, b.user, b.key, b.token, "us-east-1")
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("%s %s: %s %s", method, key, resp.Status, text)
	}
	return resp, nil
}
