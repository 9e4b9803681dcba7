// Package job has the work of the churn example: customers become features, and
// features a model that says who will leave. It knows files only, and nothing of
// where they come from.
package job

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/parquet-go/parquet-go"
)

// A Customer is a row of the dataset.
type Customer struct {
	ID       int64   `parquet:"id"`
	Months   int32   `parquet:"months"`   // since the contract began
	Charge   float64 `parquet:"charge"`   // a month
	Calls    int32   `parquet:"calls"`    // to support, in the last quarter
	Contract string  `parquet:"contract"` // "monthly" or "yearly"
	Churned  bool    `parquet:"churned"`  // left in the quarter after
}

// Customers returns the customers as they were known in a week: always the same
// ones for the same week. From week 2 on, contracts that had ended are no longer
// in, and prices are those after a rise.
func Customers(week int) []Customer {
	r := rand.New(rand.NewPCG(2026, 6))
	customers := make([]Customer, 0, 20_000)
	for id := range int64(cap(customers)) {
		c := Customer{ID: id, Months: r.Int32N(72), Charge: math.Round(2000+6000*r.Float64()) / 100, Calls: int32(r.ExpFloat64() * 1.5), Contract: "monthly"}
		if r.Float64() < 0.4 {
			c.Contract = "yearly"
		}
		if week > 1 {
			c.Charge = math.Round(c.Charge*115) / 100
		}
		risk := 1.2 + 0.03*c.Charge + 0.7*float64(c.Calls) - 0.08*float64(c.Months)
		if c.Contract == "yearly" {
			risk -= 2
		}
		c.Churned = r.Float64() < 1/(1+math.Exp(2.5-risk))
		if week > 1 && id%50 == 0 {
			continue
		}
		customers = append(customers, c)
	}
	return customers
}

// WriteCustomers writes the customers of a week.
func WriteCustomers(file string, week int) error {
	if week < 1 {
		return fmt.Errorf("week %d: weeks are counted from 1", week)
	}
	return parquet.WriteFile(file, Customers(week))
}
