package job

import (
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/cairnstore/cairn/examples/internal/logistic"
)

// A Model is a logistic regression.
type Model struct {
	Bias    float64 `json:"bias"`
	Months  float64 `json:"months"`
	Charge  float64 `json:"charge"`
	Calls   float64 `json:"calls"`
	Monthly float64 `json:"monthly"`
}

// Metrics say how good a model is on customers that it was not trained on.
type Metrics map[string]float64

// Train fits a model to the features of customers and to who of them churned, and
// writes it. Each fifth customer is kept to measure it. penalty keeps the weights
// small.
func Train(customersFile, featuresFile, modelFile string, penalty float64) (Metrics, error) {
	samples, err := join(customersFile, featuresFile)
	if err != nil {
		return nil, err
	}
	var train, test []logistic.Sample
	for i, s := range samples {
		if i%5 == 0 {
			test = append(test, s)
		} else {
			train = append(train, s)
		}
	}
	w, err := logistic.Fit(train, penalty)
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(Model{w[0], w[1], w[2], w[3], w[4]}, "", "  ")
	if err != nil {
		return nil, err
	}
	return measure(w, test), os.WriteFile(modelFile, append(b, '\n'), 0o666)
}

// join puts features and customers together by id.
func join(customersFile, featuresFile string) (samples []logistic.Sample, err error) {
	customers, err := parquet.ReadFile[Customer](customersFile)
	if err != nil {
		return nil, err
	}
	features, err := parquet.ReadFile[Feature](featuresFile)
	if err != nil {
		return nil, err
	}
	churned := make(map[int64]float64, len(customers))
	for _, c := range customers {
		churned[c.ID] = 0
		if c.Churned {
			churned[c.ID] = 1
		}
	}
	for _, f := range features {
		if yes, ok := churned[f.ID]; ok { // nothing here notices that features are of other customers
			samples = append(samples, logistic.Sample{Inputs: []float64{1, f.Months, f.Charge, f.Calls, f.Monthly}, Cases: 1, Yes: yes})
		}
	}
	if len(samples) < 2 {
		return nil, errors.New("no customers have features")
	}
	return samples, nil
}

func measure(weights []float64, test []logistic.Sample) Metrics {
	slices.SortFunc(test, func(a, b logistic.Sample) int {
		return cmp.Compare(logistic.Probability(weights, a.Inputs), logistic.Probability(weights, b.Inputs))
	})
	right := 0.0
	scores, churned := make([]float64, len(test)), make([]bool, len(test))
	for i, s := range test {
		scores[i], churned[i] = logistic.Probability(weights, s.Inputs), s.Yes > 0
		if scores[i] > 0.5 == churned[i] {
			right++
		}
	}
	hits, alarms, _ := stat.ROC(nil, scores, churned, nil)
	return Metrics{
		"accuracy": logistic.Round(right / float64(len(test))),
		"auc":      logistic.Round(integrate.Trapezoidal(alarms, hits)),
	}
}
