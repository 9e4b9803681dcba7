// Flights is a feature job and a train job on real flights of half a year. As
// programs they know files only; see run.sh for how cairn runs them.
//
//	flights features 2001-03    the flights of a month by airport and hour
//	flights train               from features of some months, the last of which is kept to measure the model
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/cairnstore/cairn/examples/internal/logistic"
)

// A flight is what a job reads of the dataset.
type flight struct {
	Date     time.Time `parquet:"date,optional,timestamp(microsecond)"`
	Delay    int64     `parquet:"delay,optional"`    // minutes
	Distance int64     `parquet:"distance,optional"` // miles
	Origin   string    `parquet:"origin,optional"`
}

// A feature sums up the flights from an airport in one hour of the day.
type feature struct {
	Origin   string  `parquet:"origin"`
	Hour     int32   `parquet:"hour"`
	Flights  int64   `parquet:"flights"`
	Late     int64   `parquet:"late"`     // of these, by more than a quarter of an hour
	Distance float64 `parquet:"distance"` // mean
}

func main() {
	log.SetFlags(0)
	err := errors.New("usage: flights features YYYY-MM | flights train")
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "features":
		err = features(args[1])
	case len(args) == 1 && args[0] == "train":
		err = train()
	}
	if err != nil {
		log.Fatal("flights: ", err)
	}
}

func features(month string) error {
	files, err := filepath.Glob(filepath.Join(os.Getenv("CAIRN_IN_FLIGHTS"), "*.parquet"))
	if err != nil {
		return err
	}
	type key struct {
		origin string
		hour   int32
	}
	sums := make(map[key]*feature)
	for _, file := range files {
		err := eachFlight(file, func(f flight) {
			if f.Date.UTC().Format("2006-01") != month {
				return
			}
			k := key{f.Origin, int32(f.Date.UTC().Hour())}
			if sums[k] == nil {
				sums[k] = &feature{Origin: k.origin, Hour: k.hour}
			}
			s := sums[k]
			s.Flights++
			s.Distance += float64(f.Distance)
			if f.Delay > 15 {
				s.Late++
			}
		})
		if err != nil {
			return err
		}
	}
	if len(sums) == 0 {
		return fmt.Errorf("there are no flights in %s", month)
	}
	rows := make([]feature, 0, len(sums))
	for _, s := range sums {
		s.Distance /= float64(s.Flights)
		rows = append(rows, *s)
	}
	slices.SortFunc(rows, func(a, b feature) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Hour, b.Hour))
	})
	return parquet.WriteFile(filepath.Join(os.Getenv("CAIRN_OUT_FEATURES_DELAY"), "features.parquet"), rows)
}

func eachFlight(file string, do func(flight)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r := parquet.NewGenericReader[flight](f)
	defer r.Close()
	rows := make([]flight, 10_000)
	for {
		n, err := r.Read(rows)
		for _, row := range rows[:n] {
			do(row)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// train takes the months as cairn lays out a range of dates: a folder each.
func train() error {
	months, err := filepath.Glob(filepath.Join(os.Getenv("CAIRN_IN_FEATURES"), "date=*", "features.parquet"))
	if err != nil {
		return err
	}
	if len(months) < 2 {
		return fmt.Errorf("%d months are too few", len(months))
	}
	slices.Sort(months)
	var samples [][]logistic.Sample
	for _, month := range months {
		rows, err := parquet.ReadFile[feature](month)
		if err != nil {
			return err
		}
		var of []logistic.Sample
		for _, f := range rows {
			of = append(of, sampleOf(f))
		}
		samples = append(samples, of)
	}
	last := len(samples) - 1
	weights, err := logistic.Fit(slices.Concat(samples[:last]...), 1e-5)
	if err != nil {
		return err
	}
	metrics := map[string]float64{"auc": areaUnderCurve(weights, samples[last]), "months": float64(last)}
	fmt.Printf("trained on %d months: AUC %v on the one after\n", last, metrics["auc"])
	if err := writeJSON(filepath.Join(os.Getenv("CAIRN_OUT_MODELS_DELAY"), "model.json"), weights); err != nil {
		return err
	}
	return writeJSON(os.Getenv("CAIRN_METRICS"), metrics)
}

func sampleOf(f feature) logistic.Sample {
	day := 2 * math.Pi * float64(f.Hour) / 24
	return logistic.Sample{
		Inputs: []float64{1, math.Sin(day), math.Cos(day), math.Sin(2 * day), math.Cos(2 * day), math.Log(float64(f.Flights)), f.Distance / 1000},
		Cases:  float64(f.Flights), Yes: float64(f.Late),
	}
}

// areaUnderCurve is that of the receiver operating characteristic, over all
// flights.
func areaUnderCurve(weights []float64, samples []logistic.Sample) float64 {
	type scored struct {
		score, weight float64
		late          bool
	}
	var all []scored
	for _, s := range samples {
		p := logistic.Probability(weights, s.Inputs)
		all = append(all, scored{p, s.Yes, true}, scored{p, s.Cases - s.Yes, false})
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	var scores, counts []float64
	var late []bool
	for _, s := range all {
		scores, counts, late = append(scores, s.score), append(counts, s.weight), append(late, s.late)
	}
	hits, alarms, _ := stat.ROC(nil, scores, late, counts)
	return logistic.Round(integrate.Trapezoidal(alarms, hits))
}

func writeJSON(file string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o666)
}
