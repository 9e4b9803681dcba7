package job

import (
	"github.com/parquet-go/parquet-go"
	"gonum.org/v1/gonum/stat"
)

// A Feature is a row of the features: what a model sees of a customer.
type Feature struct {
	ID      int64   `parquet:"id"`
	Months  float64 `parquet:"months"` // all numbers have mean 0 and deviation 1
	Charge  float64 `parquet:"charge"`
	Calls   float64 `parquet:"calls"`
	Monthly float64 `parquet:"monthly"`
}

// WriteFeatures reads customers and writes their features.
func WriteFeatures(customersFile, featuresFile string) error {
	customers, err := parquet.ReadFile[Customer](customersFile)
	if err != nil {
		return err
	}
	features := make([]Feature, len(customers))
	for i, c := range customers {
		features[i] = Feature{ID: c.ID, Months: float64(c.Months), Charge: c.Charge, Calls: float64(c.Calls)}
		if c.Contract == "monthly" {
			features[i].Monthly = 1
		}
	}
	for _, column := range []func(*Feature) *float64{
		func(f *Feature) *float64 { return &f.Months },
		func(f *Feature) *float64 { return &f.Charge },
		func(f *Feature) *float64 { return &f.Calls },
		func(f *Feature) *float64 { return &f.Monthly },
	} {
		standardise(features, column)
	}
	return parquet.WriteFile(featuresFile, features)
}

func standardise(features []Feature, column func(*Feature) *float64) {
	values := make([]float64, len(features))
	for i := range features {
		values[i] = *column(&features[i])
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	for i := range features {
		*column(&features[i]) = stat.StdScore(values[i], mean, deviation)
	}
}
