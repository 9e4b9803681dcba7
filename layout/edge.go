package layout

// An Edge notes that one version was made from another. It repeats what the
// consumer's manifest says, so that consumers can be found from the input.
type Edge struct {
	header
	Input    Input `json:"input"`
	Consumer Input `json:"consumer"`
}

// Encode returns the canonical JSON of e.
func (e *Edge) Encode() ([]byte, error) { return encode(e) }

// ParseEdge is the inverse of [Edge.Encode].
func ParseEdge(b []byte) (*Edge, error) {
	e := new(Edge)
	if err := decode("edge", b, e); err != nil {
		return nil, err
	}
	return e, nil
}

// Key returns where e lies.
func (e *Edge) Key() Key { return EdgeKey(e.Input.Version, e.Consumer.Version) }

func (e *Edge) validate() error {
	for _, end := range []Input{e.Input, e.Consumer} {
		if _, err := ParseArtifact(string(end.Artifact)); err != nil {
			return err
		}
		if _, err := ParseDate(string(end.Date)); err != nil {
			return err
		}
		if end.Version.IsZero() {
			return invalid("edge", string(end.Artifact), "has an end without a version")
		}
	}
	return nil
}
