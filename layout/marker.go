package layout

// A Marker is the first object of a store. It says that this is one, and in
// which format.
type Marker struct {
	header
}

// Encode returns the canonical JSON of m.
func (m *Marker) Encode() ([]byte, error) { return encode(m) }

// ParseMarker is the inverse of [Marker.Encode].
func ParseMarker(b []byte) (*Marker, error) {
	m := new(Marker)
	if err := decode("store marker", b, m); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Marker) validate() error { return nil }
