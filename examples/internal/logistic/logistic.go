// Package logistic fits logistic regressions for the examples.
package logistic

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// A Sample is something that happened in some of a number of cases that look the
// same.
type Sample struct {
	Inputs []float64
	Cases  float64
	Yes    float64 // of the cases
}

// Fit returns the weights that minimise the mean log loss over all cases.
// penalty keeps them small. They are rounded to four digits: the last bits of
// floating point depend on the processor, and a model should not.
func Fit(samples []Sample, penalty float64) ([]float64, error) {
	cases := 0.0
	for _, s := range samples {
		cases += s.Cases
	}
	problem := optimize.Problem{
		Func: func(w []float64) float64 {
			sum := penalty * floats.Dot(w, w)
			for _, s := range samples {
				z := floats.Dot(w, s.Inputs)
				sum += (s.Cases*(math.Log1p(math.Exp(-math.Abs(z)))+max(z, 0)) - s.Yes*z) / cases
			}
			return sum
		},
		Grad: func(gradient, w []float64) {
			floats.ScaleTo(gradient, 2*penalty, w)
			for _, s := range samples {
				floats.AddScaled(gradient, (s.Cases*Probability(w, s.Inputs)-s.Yes)/cases, s.Inputs)
			}
		},
	}
	start := make([]float64, len(samples[0].Inputs))
	found, err := optimize.Minimize(problem, start, &optimize.Settings{GradientThreshold: 1e-6}, &optimize.LBFGS{})
	if err != nil {
		return nil, err
	}
	for i, w := range found.X {
		found.X[i] = Round(w)
	}
	return found.X, nil
}

// Probability returns how likely a yes is.
func Probability(weights, inputs []float64) float64 {
	return 1 / (1 + math.Exp(-floats.Dot(weights, inputs)))
}

// Round rounds to four digits after the point.
func Round(x float64) float64 { return math.Round(x*1e4) / 1e4 }
