package cairn_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/open"
)

// A job publishes what it has made, and the next one gets exactly that.
func Example() {
	ctx := context.Background()
	work, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(work)
	features := filepath.Join(work, "features.csv")
	if err := os.WriteFile(features, []byte("age,churned\n18,0\n"), 0o666); err != nil {
		log.Fatal(err)
	}

	s, err := open.URL(ctx, filepath.Join(work, "store")) // or s3://bucket/prefix
	if err != nil {
		log.Fatal(err)
	}
	repo, err := cairn.Open(ctx, s, nil)
	if err != nil {
		log.Fatal(err)
	}
	files, err := cairn.Sources(features)
	if err != nil {
		log.Fatal(err)
	}
	out, err := repo.Publish(ctx, &cairn.Publication{
		Artifact: "features/churn",
		Date:     "2026-06-17",
		Files:    files,
		Point:    []layout.Name{"prod"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("published", out.Pin)

	ref, err := layout.ParseRef("features/churn@prod")
	if err != nil {
		log.Fatal(err)
	}
	versions, err := repo.Resolve(ctx, ref)
	if err != nil {
		log.Fatal(err)
	}
	if err := versions[0].Pull(ctx, filepath.Join(work, "data"), nil); err != nil {
		log.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(work, "data", "features.csv"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("pulled %s", b)
	// Output:
	// published features/churn@b3:85639d0d54ed82abb3e10ac6c9046ea0b97563064884592951f692ba8c88ba1a
	// pulled age,churned
	// 18,0
}
