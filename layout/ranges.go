package layout

// Ranges name parts of a blob: such as the column chunks of a Parquet file. A
// later version whose file has a part with the same digest can have the server
// copy it. They say nothing that the blob does not, so they may be missing.
type Ranges struct {
	header
	Blob   Digest  `json:"blob"`
	Size   int64   `json:"size"`   // of the blob, in bytes
	Ranges []Range `json:"ranges"` // sorted by offset, disjoint; at least one
	Check  Digest  `json:"check,omitzero"`
}

// A Range is a part of a blob.
type Range struct {
	Offset int64  `json:"offset"` // bytes
	Size   int64  `json:"size"`   // bytes; at least one
	Digest Digest `json:"digest"` // of the part alone
}

// Encode returns the canonical JSON of r and fills in r.Check.
func (r *Ranges) Encode() ([]byte, error) { return encodeChecked(r) }

// ParseRanges is the inverse of [Ranges.Encode].
func ParseRanges(b []byte) (*Ranges, error) {
	r := new(Ranges)
	if err := decodeChecked("ranges", b, r); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Ranges) check() *Digest { return &r.Check }

func (r *Ranges) validate() error {
	if r.Blob.IsZero() || r.Size < 0 || r.Size > maxInteger {
		return invalid("ranges", r.Blob.String(), "name no blob, or no size that one can have")
	}
	if len(r.Ranges) == 0 {
		return invalid("ranges", r.Blob.String(), "are none")
	}
	end := int64(0)
	for _, part := range r.Ranges {
		if part.Offset < end || part.Size < 1 || part.Size > r.Size || part.Offset > r.Size-part.Size {
			return invalid("ranges", r.Blob.String(), "are out of order, overlap, or lie outside the blob")
		}
		if part.Digest.IsZero() {
			return invalid("ranges", r.Blob.String(), "have no digest")
		}
		end = part.Offset + part.Size
	}
	return nil
}
