// Plain is a feature job and a train job that know files only. Under "cairn run"
// they are told where these are by their environment:
//
//	cairn run --date D --in customers=REF --out features/churn -- plain features
//	cairn run --date D --in customers=REF --in features=REF --out models/churn -- plain train
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cairnstore/cairn/examples/churn/job"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("plain: ", err)
	}
}

func run(args []string) error {
	customers := filepath.Join(os.Getenv("CAIRN_IN_CUSTOMERS"), "customers.parquet")
	switch {
	case len(args) == 3 && args[0] == "customers": // of a week, into a file
		week, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return job.WriteCustomers(args[2], week)
	case len(args) == 1 && args[0] == "features":
		return job.WriteFeatures(customers, filepath.Join(os.Getenv("CAIRN_OUT_FEATURES_CHURN"), "features.parquet"))
	case len(args) == 1 && args[0] == "train":
		features := filepath.Join(os.Getenv("CAIRN_IN_FEATURES"), "features.parquet")
		metrics, err := job.Train(customers, features, filepath.Join(os.Getenv("CAIRN_OUT_MODELS_CHURN"), "model.json"), 0.001)
		if err != nil {
			return err
		}
		fmt.Printf("trained: accuracy %v, AUC %v\n", metrics["accuracy"], metrics["auc"])
		b, err := json.Marshal(metrics)
		if err != nil {
			return err
		}
		return os.WriteFile(os.Getenv("CAIRN_METRICS"), b, 0o666)
	}
	return fmt.Errorf("usage: plain customers WEEK FILE | plain features | plain train")
}
