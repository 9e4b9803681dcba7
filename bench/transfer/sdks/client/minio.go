package main

import (
	"context"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

type minioClient struct{ client *minio.Client }

func newMinio() (mover, error) {
	endpoint, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL_S3"))
	if err != nil {
		return nil, err
	}
	client, err := minio.New(endpoint.Host, &minio.Options{Creds: credentials.NewEnvAWS(), Secure: endpoint.Scheme == "https", Region: "us-east-1"})
	return &minioClient{client}, err
}

func (m *minioClient) up(ctx context.Context, file, bucket, key string) error {
	_, err := m.client.FPutObject(ctx, bucket, key, file, minio.PutObjectOptions{})
	return err
}

func (m *minioClient) down(ctx context.Context, file, bucket, key string) error {
	return m.client.FGetObject(ctx, bucket, key, file, minio.GetObjectOptions{})
}
