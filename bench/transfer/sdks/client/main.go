// Command client moves one file with what an SDK offers for that, as it comes:
//
//	client SDK up|down FILE BUCKET KEY
//
// where SDK is minio-go, manager or transfermanager. It connects to
// AWS_ENDPOINT_URL_S3 with the keys of the environment.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
)

// A mover has an SDK put a file to an object, and get it back.
type mover interface {
	up(ctx context.Context, file, bucket, key string) error
	down(ctx context.Context, file, bucket, key string) error
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: client SDK up|down FILE BUCKET KEY")
	}
	ctx := context.Background()
	m, err := newMover(ctx, os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	run := m.up
	if os.Args[2] == "down" {
		run = m.down
	}
	if err := run(ctx, os.Args[3], os.Args[4], os.Args[5]); err != nil {
		log.Fatal(err)
	}
}

func newMover(ctx context.Context, sdk string) (mover, error) {
	if sdk == "minio-go" {
		return newMinio()
	}
	client, err := newS3(ctx)
	switch {
	case err != nil:
		return nil, err
	case sdk == "manager":
		return &oldManager{client}, nil
	case sdk == "transfermanager":
		return newTransferManager(client), nil
	}
	return nil, fmt.Errorf("%s: no such SDK", sdk)
}
