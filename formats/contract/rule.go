package contract

import (
	"fmt"
	"strings"

	"github.com/cairnstore/cairn/formats"
)

// The rules, as they stand in a [Violation].
const (
	RuleColumn   = "column"   // there is one such column
	RuleType     = "type"     // it has this type, and values are of it
	RuleNullable = "nullable" // it has no nulls
	RuleUnique   = "unique"
	RuleMin      = "min"
	RuleMax      = "max"
	RuleAllowed  = "allowed"
	RulePattern  = "pattern"
	RuleNulls    = "max_null_ratio"
	RuleFields   = "fields" // records of CSV have as many fields as the header
	RuleRows     = "rows"
	RuleSorted   = "sorted_by"
)

// A test is a rule about each value of a column.
type test struct {
	rule   string
	reason string // what is said of a value that fails
	fails  func(v []byte) bool
}

// rules returns the tests of a column of a type. It is an error if they make no
// sense for it.
func (c *column) rules(t formats.Type) ([]test, error) {
	if t == formats.Null {
		return nil, nil // there are no values
	}
	var tests []test
	for _, add := range []func(formats.Type) (*test, error){c.minTest, c.maxTest, c.allowedTest, c.patternTest} {
		test, err := add(t)
		if err != nil {
			return nil, err
		}
		if test != nil {
			tests = append(tests, *test)
		}
	}
	return tests, c.checkRange(t)
}

func (c *column) minTest(t formats.Type) (*test, error) {
	order, bound, err := orderedBound(RuleMin, t, c.min)
	if bound == nil || err != nil {
		return nil, err
	}
	return &test{RuleMin, "below min " + clip(*c.min), func(v []byte) bool {
		return order.compare(v, bound) < 0 || order.isNaN(v)
	}}, nil
}

func (c *column) maxTest(t formats.Type) (*test, error) {
	order, bound, err := orderedBound(RuleMax, t, c.max)
	if bound == nil || err != nil {
		return nil, err
	}
	return &test{RuleMax, "above max " + clip(*c.max), func(v []byte) bool {
		return order.compare(v, bound) > 0 // a NaN is above all
	}}, nil
}

func (c *column) checkRange(t formats.Type) error {
	if c.min == nil || c.max == nil {
		return nil
	}
	order, low, _ := orderedBound(RuleMin, t, c.min)
	if _, high, _ := orderedBound(RuleMax, t, c.max); order.compare(low, high) > 0 {
		return fmt.Errorf("no value is at least %s and at most %s", *c.min, *c.max)
	}
	return nil
}

func orderedBound(rule string, t formats.Type, text *string) (class, []byte, error) {
	order := classOf(t)
	if text == nil {
		return order, nil, nil
	}
	if order == unordered {
		return order, nil, fmt.Errorf("%s: values of type %s have no order", rule, t)
	}
	v, err := parse(t, *text)
	if err == nil && order.isNaN(v) {
		err = fmt.Errorf("NaN bounds nothing")
	}
	if err != nil {
		return order, nil, fmt.Errorf("%s: %w", rule, err)
	}
	if v == nil {
		v = []byte{} // the empty text
	}
	return order, v, nil
}

func (c *column) allowedTest(t formats.Type) (*test, error) {
	if c.allowed == nil {
		return nil, nil
	}
	class := classOf(t)
	set := make(map[string]bool)
	for _, text := range c.allowed {
		v, err := parse(t, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", RuleAllowed, err)
		}
		set[string(class.same(nil, v))] = true
	}
	var scratch []byte
	return &test{RuleAllowed, "not among the allowed " + clip(strings.Join(c.allowed, ", ")), func(v []byte) bool {
		scratch = class.same(scratch[:0], v)
		return !set[string(scratch)]
	}}, nil
}

func (c *column) patternTest(t formats.Type) (*test, error) {
	if c.pattern == nil {
		return nil, nil
	}
	if t != formats.String {
		return nil, fmt.Errorf("%s: it is for columns of type string, not %s", RulePattern, t)
	}
	return &test{RulePattern, "not matching " + clip(c.pattern.String()), func(v []byte) bool { return !c.pattern.Match(v) }}, nil
}
