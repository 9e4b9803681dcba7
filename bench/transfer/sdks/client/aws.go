package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func newS3(ctx context.Context) (*s3.Client, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }), nil
}

// An oldManager is deprecated, and what most programs still use.
type oldManager struct{ client *s3.Client }

func (m *oldManager) up(ctx context.Context, file, bucket, key string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	//lint:ignore SA1019 it is what most programs still use
	_, err = manager.NewUploader(m.client).Upload(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f})
	return err
}

func (m *oldManager) down(ctx context.Context, file, bucket, key string) error {
	return into(file, func(f *os.File) error {
		//lint:ignore SA1019 it is what most programs still use
		_, err := manager.NewDownloader(m.client).Download(ctx, f, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		return err
	})
}

type transferManager struct{ client *transfermanager.Client }

func newTransferManager(client *s3.Client) mover {
	return &transferManager{transfermanager.New(client)}
}

func (m *transferManager) up(ctx context.Context, file, bucket, key string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = m.client.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: f})
	return err
}

func (m *transferManager) down(ctx context.Context, file, bucket, key string) error {
	return into(file, func(f *os.File) error {
		_, err := m.client.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: &bucket, Key: &key, WriterAt: f})
		return err
	})
}

// into makes a file of what get writes.
func into(name string, get func(*os.File) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := get(f); err != nil {
		return err
	}
	return f.Close()
}
