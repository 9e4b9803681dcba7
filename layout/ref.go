package layout

import "strings"

// minVersionDigits is the fewest digits of a version that a reference may give.
const minVersionDigits = 12

// A Ref says which version or versions of an artifact are meant. Exactly one of
// its forms is set:
//
//	features/churn@b3:7c1f0a94d2e8             Version: the first digits of its id
//	features/churn@v2, features/churn@prod     Name: a label or a pointer
//	features/churn@2026-06-17                  From: what that partition's head names
//	features/churn@2026-06-01..2026-06-17      From and To: every partition between, both included
type Ref struct {
	Artifact Artifact
	Version  string // 12 to 64 hexadecimal digits
	Name     Name
	From, To Date
}

// ParseRef is the inverse of [Ref.String].
func ParseRef(s string) (Ref, error) {
	artifact, selector, ok := strings.Cut(s, "@")
	if !ok {
		return Ref{}, invalid("reference", s, "does not say which version; write ARTIFACT@DATE, ARTIFACT@NAME or ARTIFACT@b3:…")
	}
	a, err := ParseArtifact(artifact)
	if err != nil {
		return Ref{}, err
	}
	return ParseSelector(a, selector)
}

// ParseSelector reads the part of a reference after the "@".
func ParseSelector(a Artifact, s string) (Ref, error) {
	if digits, ok := strings.CutPrefix(s, digestPrefix); ok {
		if len(digits) < minVersionDigits || len(digits) > 2*DigestSize || !isHex(digits) {
			return Ref{}, invalid("version", s, "is not %s and %d to %d lower-case hexadecimal digits", digestPrefix, minVersionDigits, 2*DigestSize)
		}
		return Ref{Artifact: a, Version: digits}, nil
	}
	if from, to, ok := strings.Cut(s, ".."); ok && looksLikeDate(from) {
		return parseRange(a, s, from, to)
	}
	if looksLikeDate(s) {
		d, err := ParseDate(s)
		return Ref{Artifact: a, From: d}, err
	}
	if s == "" || strings.Contains(s, "=") {
		return Ref{}, invalid("reference", string(a)+"@"+s, "after the @ stands a date, a name or b3: and digits")
	}
	name, err := ParseName(s)
	return Ref{Artifact: a, Name: name}, err
}

func parseRange(a Artifact, s, from, to string) (Ref, error) {
	first, err := ParseDate(from)
	if err != nil {
		return Ref{}, err
	}
	last, err := ParseDate(to)
	if err != nil {
		return Ref{}, err
	}
	if last < first {
		return Ref{}, invalid("range", s, "ends before it begins")
	}
	return Ref{Artifact: a, From: first, To: last}, nil
}

// IsRange reports whether r means several partitions.
func (r Ref) IsRange() bool { return r.To != "" }

// Selector returns the part of the reference after the "@".
func (r Ref) Selector() string {
	switch {
	case r.Version != "":
		return digestPrefix + r.Version
	case r.Name != "":
		return r.Name.Selector()
	case r.IsRange():
		return string(r.From) + ".." + string(r.To)
	}
	return string(r.From)
}

func (r Ref) String() string { return string(r.Artifact) + "@" + r.Selector() }

// A Pin is an exact reference: an artifact and the whole id of one version.
type Pin struct {
	Artifact Artifact
	Version  Digest
}

func (p Pin) String() string { return string(p.Artifact) + "@" + p.Version.String() }

// Ref returns p as a reference.
func (p Pin) Ref() Ref { return Ref{Artifact: p.Artifact, Version: p.Version.Hex()} }
