package formats

// An Observer is shown the entries of one leaf column while they are hashed, so
// that what needs the values themselves, such as the rules of a contract, does
// not have to read the file once more.
type Observer interface {
	// Observe is shown entries as [Hasher.Values] takes them, in their order and
	// in batches of any size. Values have been checked; a NaN may have any payload.
	// Nothing may be changed or retained. An error ends the reading of the file.
	Observe(values []byte, n int, def, rep []byte) error
}

// An Observe function returns who observes a column; nil stands for nobody. A
// column that has no digest is observed until that turns out, if at all.
type Observe func(t Type, p Path) (Observer, error)

// Observe makes o an observer of the entries to come.
func (h *Hasher) Observe(o Observer) { h.observers = append(h.observers, o) }

// show shows a batch to the observers.
func (h *Hasher) show(values []byte, n int, def, rep []byte) error {
	for _, o := range h.observers {
		if err := o.Observe(values, n, def, rep); err != nil {
			return err
		}
	}
	return nil
}

// showIndexes shows a batch that is given as indexes into a dictionary.
func (h *Hasher) showIndexes(d *Dictionary, indexes []int32, def, rep []byte) error {
	if len(h.observers) == 0 {
		return nil
	}
	out := h.shown[:0]
	if h.form.width > 0 {
		out, _ = gather(out, d.values, indexes, h.form.width)
	} else {
		for _, i := range indexes {
			out = append(out, d.value(i)...)
		}
	}
	h.shown = out
	return h.show(out, len(indexes), def, rep)
}
