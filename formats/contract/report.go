package contract

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Report says how a table breaks a contract. Its form as JSON can be read back,
// but for [Report.Reason].
type Report struct {
	Rows    int64 `json:"rows"`
	BadRows int64 `json:"bad_rows"` // that break a rule about rows, each counted once

	// Violations are the rules that are broken: first what is about the table as
	// a whole, then by columns and rules in the order of the contract.
	Violations []Violation `json:"violations,omitempty"`

	broken []brokenRule
}

// A Violation is a rule that is broken.
type Violation struct {
	Column string `json:"column,omitempty"` // the text of its path
	Rule   string `json:"rule"`
	Reason string `json:"reason"` // such as "above max 120"

	// Table says that it is about the table as a whole, so that taking rows out
	// does not mend it.
	Table bool `json:"table,omitempty"`

	// Rows is how many rows break the rule, 0 if it is not about rows. Examples are
	// the first of them.
	Rows     int64     `json:"rows,omitempty"`
	Examples []Example `json:"examples,omitempty"`
}

// An Example is a row that breaks a rule.
type Example struct {
	Row    int64   `json:"row"`               // counted from 1, a header not
	Value  *string `json:"value,omitempty"`   // as text, cut if it is long
	SameAs int64   `json:"same_as,omitempty"` // the row that has the value already
}

// A brokenRule is which rows break a rule.
type brokenRule struct {
	*breach
	reason string
	table  bool
}

// table adds a violation by the table as a whole.
func (r *Report) table(column, rule, reason string, args ...any) {
	r.Violations = append(r.Violations, Violation{Column: column, Rule: rule, Reason: fmt.Sprintf(reason, args...), Table: true})
}

// rows adds a violation by rows, if there are any.
func (r *Report) rows(column, rule, reason string, b *breach) {
	if b.count == 0 {
		return
	}
	b.settle()
	table := rule == RuleSorted
	r.Violations = append(r.Violations, Violation{column, rule, reason, table, b.count, b.examples})
	if column != "" {
		reason = column + ": " + reason
	}
	r.broken = append(r.broken, brokenRule{b, reason, table})
}

// OK reports whether the contract is met.
func (r *Report) OK() bool { return len(r.Violations) == 0 }

// Reason returns why a row, counted from 0, is bad, "" if it is not.
func (r *Report) Reason(row int64) string {
	var reasons []string
	for _, b := range r.broken {
		if !b.table && b.has(row) {
			reasons = append(reasons, b.reason)
		}
	}
	return strings.Join(reasons, "; ")
}

// shown is how many rules stand in the sentence of a report.
const shown = 3

// String says in one sentence, to go on after the name of the file, what is wrong.
func (r *Report) String() string {
	if r.OK() {
		return "meets its contract"
	}
	var all []string
	for _, v := range r.Violations[:min(shown, len(r.Violations))] {
		all = append(all, v.String())
	}
	s := "breaks its contract: " + strings.Join(all, "; ")
	if more := len(r.Violations) - shown; more > 0 {
		s += "; and " + plural(int64(more), "more rule")
	}
	return s
}

// String describes a violation.
func (v Violation) String() string {
	var b strings.Builder
	if v.Column != "" {
		fmt.Fprintf(&b, "column %q", v.Column)
		if v.Rows > 0 {
			b.WriteByte(':')
		}
		b.WriteByte(' ')
	}
	if v.Rows > 0 {
		b.WriteString(plural(v.Rows, "row") + " ")
	}
	b.WriteString(v.Reason)
	for i, e := range v.Examples {
		b.WriteString(", ")
		if i == 0 {
			b.WriteString("such as ")
		}
		b.WriteString(e.text(v.Rule != RuleFields))
	}
	return b.String()
}

// text describes an example, with quotes around a value that needs them.
func (e Example) text(quoted bool) string {
	switch {
	case e.SameAs > 0:
		return fmt.Sprintf("row %d: as row %d", e.Row, e.SameAs)
	case e.Value == nil:
		return fmt.Sprintf("row %d", e.Row)
	case !quoted:
		return fmt.Sprintf("row %d: %s", e.Row, *e.Value)
	}
	return fmt.Sprintf("row %d: %s", e.Row, quoteText(*e.Value))
}

var plainValue = regexp.MustCompile(`^(-?[0-9][0-9T:.eE+Z-]*|NaN|-?Infinity|true|false)$`)

// quoteText puts quotes around what is not plainly a value.
func quoteText(s string) string {
	if plainValue.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// An Unmet is a contract that a file breaks.
type Unmet struct {
	File   string
	Report *Report
	Reason string // why taking out the bad rows does not mend it, if that was asked for
}

func (e *Unmet) Error() string {
	s := e.File + " " + e.Report.String()
	if e.Reason != "" {
		s += "; " + e.Reason
	}
	return s
}

// WithoutBadRows says why a table that breaks the contract does so also without
// its bad rows, or has too many of them; "" if neither is known. What the other rows
// are is known for sure only from a check of these.
func (c *Contract) WithoutBadRows(r *Report) string {
	for _, v := range r.Violations {
		if v.Table {
			return "without its bad rows it would still"
		}
	}
	ratio := float64(r.BadRows) / float64(max(1, r.Rows))
	switch good := r.Rows - r.BadRows; {
	case c.maxBadRatio != nil && ratio > *c.maxBadRatio:
		return fmt.Sprintf("%d of %d rows are bad, more than the max_bad_ratio %v", r.BadRows, r.Rows, *c.maxBadRatio)
	case c.minRows != nil && good < *c.minRows:
		return fmt.Sprintf("%s would be left, fewer than the least, %d", plural(good, "row"), *c.minRows)
	case r.BadRows > 0 && good == 0:
		return "no row would be left"
	}
	return ""
}
