// Sdk is the feature job and the train job written with the Go SDK: what they pull
// becomes the inputs of what they publish, and the gate stops them before they
// read a byte.
//
//	sdk features STORE DATE
//	sdk train STORE DATE
//
// As for every job under cairn, exit code 2 means that trying again is of no use.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/examples/churn/job"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/open"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:]); {
	case errors.Is(err, cairn.ErrRefused), errors.Is(err, cairn.ErrCorrupt):
		log.Print("sdk: ", err)
		os.Exit(2)
	case err != nil:
		log.Fatal("sdk: ", err)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 || args[0] != "features" && args[0] != "train" {
		return errors.New("usage: sdk features|train STORE DATE")
	}
	s, err := open.URL(ctx, args[1])
	if err != nil {
		return err
	}
	r, err := cairn.Open(ctx, s, &cairn.Options{Tool: "churn example"})
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "churn")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	date := layout.Date(args[2])
	if args[0] == "features" {
		return features(ctx, r, date, scratch)
	}
	return train(ctx, r, date, scratch)
}

var (
	customers = layout.Ref{Artifact: "datasets/customers", Name: "prod"}
	churn     = layout.Ref{Artifact: "features/churn", Name: "prod"}
)

func features(ctx context.Context, r *cairn.Repo, date layout.Date, scratch string) error {
	run, err := r.Begin(ctx, &cairn.RunOptions{Date: date, Inputs: []layout.Ref{customers}})
	if err != nil {
		return err
	}
	if _, err := run.Pull(ctx, customers, scratch); err != nil {
		return err
	}
	made := filepath.Join(scratch, "features.parquet")
	if err := job.WriteFeatures(filepath.Join(scratch, "customers.parquet"), made); err != nil {
		return err
	}
	return publish(ctx, run, &cairn.Publication{
		Artifact: churn.Artifact, Files: []cairn.Source{{Path: "features.parquet", File: made}}, Point: []layout.Name{"prod"},
	})
}

func train(ctx context.Context, r *cairn.Repo, date layout.Date, scratch string) error {
	const penalty = 0.001
	run, err := r.Begin(ctx, &cairn.RunOptions{
		Date: date, Inputs: []layout.Ref{customers, churn}, Params: map[string]any{"penalty": penalty},
	})
	if err != nil {
		return err // features of other customers end here, before anything is read
	}
	for _, ref := range []layout.Ref{customers, churn} {
		if _, err := run.Pull(ctx, ref, scratch); err != nil {
			return err
		}
	}
	model := filepath.Join(scratch, "model.json")
	metrics, err := job.Train(filepath.Join(scratch, "customers.parquet"), filepath.Join(scratch, "features.parquet"), model, penalty)
	if err != nil {
		return err
	}
	log.Printf("trained: accuracy %v, AUC %v", metrics["accuracy"], metrics["auc"])
	return publish(ctx, run, &cairn.Publication{
		Artifact: "models/churn", Files: []cairn.Source{{Path: "model.json", File: model}}, Metrics: metrics, Point: []layout.Name{"candidate"},
	})
}

func publish(ctx context.Context, run *cairn.Run, p *cairn.Publication) error {
	outcomes, err := run.Publish(ctx, p)
	if err != nil {
		return err
	}
	log.Print(outcomes[0].Pin)
	return nil
}
