package cairn

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/transfer"
)

// A Catalogue knows the files of every version that a store has a manifest of,
// also of those that were replaced, by their bytes and by the data in them. It is
// of the moment when it was made, takes memory for each file of each version, and
// is safe for concurrent use.
type Catalogue struct {
	repo     *Repo
	versions map[layout.Digest]*catalogued
	newest   map[layout.Artifact]*catalogued
	entries  []entry
	byBytes  map[layout.Digest]int32 // the last entry with them
	byData   map[layout.Digest]int32 // by the 32 bytes of a table's digest
	sizes    map[int64]bool
	paths    map[string]string // each path once: versions have mostly the same ones
}

// A catalogued is one version.
type catalogued struct {
	pin     layout.Pin
	date    layout.Date
	current bool // the head of its partition means it
	names   []layout.Name
	session layout.ID // empty if no head or pointer says where its bytes lie

	once sync.Once
	held map[layout.Digest]int64 // sizes of its contents that are there
	err  error
}

// An entry is one file of one version. Entries with the same bytes, or the same
// data, are chained; -1 ends a chain.
type entry struct {
	version             *catalogued
	path                string
	data                layout.Digest
	nextBytes, nextData int32
}

// How says in which sense a file is one of a version's.
type How string

// The senses.
const (
	SameBytes How = "bytes" // the same bytes
	SameTable How = "data"  // a table with the same content in other bytes
)

// A Match is a file of a version that a file was identified as.
type Match struct {
	Pin     layout.Pin
	Path    string // in the version
	Date    layout.Date
	Names   []layout.Name // pointers and labels that mean the version, sorted
	How     How
	Current bool // the version is the current one of its partition
	Newest  bool // and no later partition of the artifact has one
}

// inUse reports whether a head, pointer or label names the version.
func (m *Match) inUse() bool { return m.Current || len(m.Names) > 0 }

// Catalogue reads what the store says of all its versions. A manifest, head or
// pointer that is damaged or missing is [ErrCorrupt]: a catalogue that lacks
// something would call it unknown.
func (r *Repo) Catalogue(ctx context.Context) (*Catalogue, error) {
	c := &Catalogue{repo: r, versions: map[layout.Digest]*catalogued{}, newest: map[layout.Artifact]*catalogued{},
		byBytes: map[layout.Digest]int32{}, byData: map[layout.Digest]int32{}, sizes: map[int64]bool{}, paths: map[string]string{}}
	var artifacts []layout.Artifact
	for a, err := range r.Artifacts(ctx) {
		if err != nil {
			return nil, err
		}
		artifacts = append(artifacts, a)
	}
	var mu sync.Mutex
	const atOnce = 4 // each reads its heads and pointers in parallel
	err := transfer.Each(ctx, atOnce, artifacts, func(ctx context.Context, a layout.Artifact) error {
		found, newest, err := r.catalogueArtifact(ctx, a)
		mu.Lock()
		defer mu.Unlock()
		for _, v := range found {
			c.versions[v.pin.Version] = v
		}
		if newest != nil {
			c.newest[a] = newest
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var versions []*catalogued
	for _, v := range c.versions {
		versions = append(versions, v)
	}
	return c, transfer.Each(ctx, atOnceMax, versions, func(ctx context.Context, v *catalogued) error {
		full, err := r.version(ctx, v.pin, v.session)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		v.date = full.Manifest.Date
		for _, f := range full.Manifest.Files {
			c.add(v, f)
		}
		return nil
	})
}

// catalogueArtifact returns the versions of a, their manifests unread, and the
// current one of its last partition.
func (r *Repo) catalogueArtifact(ctx context.Context, a layout.Artifact) (found map[layout.Digest]*catalogued, newest *catalogued, err error) {
	keys, err := r.keys(ctx, layout.ManifestPrefix(a, ""))
	if err != nil {
		return nil, nil, err
	}
	found = make(map[layout.Digest]*catalogued, len(keys))
	for _, key := range keys {
		found[key.Version] = &catalogued{pin: layout.Pin{Artifact: a, Version: key.Version}}
	}
	heads, err := r.heads(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	pointers, err := r.pointers(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	all := slices.Concat(heads, pointers)
	if err := r.checkNoneLost(ctx, a, all); err != nil {
		return nil, nil, err
	}
	for _, p := range all {
		v := found[p.Version]
		if v == nil { // published since the manifests were listed, or lost; reading it tells
			v = &catalogued{pin: p.Pin()}
			found[p.Version] = v
		}
		v.session = p.Session
		if _, head := p.Name.Partition(); head {
			v.current = true
			newest = v // heads come in the order of their dates
		} else {
			v.names = append(v.names, p.Name)
		}
	}
	return found, newest, nil
}

func (c *Catalogue) add(v *catalogued, f layout.File) {
	path, ok := c.paths[f.Path]
	if !ok {
		path = f.Path
		c.paths[path] = path
	}
	i := int32(len(c.entries))
	e := entry{version: v, path: path, data: dataOf(f.Table), nextBytes: -1, nextData: -1}
	if last, ok := c.byBytes[f.Digest]; ok {
		e.nextBytes = last
	}
	c.byBytes[f.Digest] = i
	if !e.data.IsZero() {
		if last, ok := c.byData[e.data]; ok {
			e.nextData = last
		}
		c.byData[e.data] = i
	}
	c.sizes[f.Size] = true
	c.entries = append(c.entries, e)
}

// dataOf returns the 32 bytes of a table's digest, zero if it has none.
func dataOf(t *layout.Table) (d layout.Digest) {
	if t == nil {
		return d
	}
	if _, digits, _ := strings.Cut(t.Digest, ":"); len(digits) == hex.EncodedLen(len(d)) {
		hex.Decode(d[:], []byte(digits))
	}
	return d
}

// Identify returns the files of versions that f is, by its Digest, and those
// that hold the same table, by its Table and by those of the files with the same
// bytes. Path and Size of f do not matter. The same bytes come before the same
// data, and newer versions before older ones.
func (c *Catalogue) Identify(f layout.File) []Match {
	how := map[int32]How{}
	tables := []layout.Digest{dataOf(f.Table)}
	for i := c.chain(c.byBytes, f.Digest); i >= 0; i = c.entries[i].nextBytes {
		how[i] = SameBytes
		if data := c.entries[i].data; !slices.Contains(tables, data) {
			tables = append(tables, data)
		}
	}
	for _, data := range tables {
		for i := c.chain(c.byData, data); i >= 0; i = c.entries[i].nextData {
			if how[i] == "" {
				how[i] = SameTable
			}
		}
	}
	matches := make([]Match, 0, len(how))
	for i, how := range how {
		v := c.entries[i].version
		matches = append(matches, Match{v.pin, c.entries[i].path, v.date, v.names, how, v.current, c.newest[v.pin.Artifact] == v})
	}
	slices.SortFunc(matches, compareMatches)
	return matches
}

// chain returns the first entry under d, -1 if there is none.
func (c *Catalogue) chain(by map[layout.Digest]int32, d layout.Digest) int32 {
	if i, ok := by[d]; ok {
		return i
	}
	return -1
}

func compareMatches(a, b Match) int {
	return cmp.Or(
		cmp.Compare(a.How, b.How),
		first(a.Newest, b.Newest),
		first(a.inUse(), b.inUse()),
		cmp.Compare(b.Date, a.Date),
		first(a.Current, b.Current),
		cmp.Compare(a.Pin.Artifact, b.Pin.Artifact),
		slices.Compare(a.Pin.Version[:], b.Pin.Version[:]),
		cmp.Compare(a.Path, b.Path),
	)
}

// first puts what is true before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// Newest returns the current version of the last partition of a, and false if
// the store has no such artifact.
func (c *Catalogue) Newest(a layout.Artifact) (layout.Pin, layout.Date, bool) {
	v, ok := c.newest[a]
	if !ok {
		return layout.Pin{}, "", false
	}
	return v.pin, v.date, true
}

// holds reports whether the store has an object of that name and size for the
// bytes of a match, of a version in use. It does not read them.
func (c *Catalogue) holds(ctx context.Context, m *Match, d layout.Digest, size int64) (bool, error) {
	v := c.versions[m.Pin.Version]
	v.once.Do(func() {
		var full *Version
		if full, v.err = c.repo.version(ctx, v.pin, v.session); v.err == nil {
			v.held, v.err = full.held(ctx)
		}
	})
	held, ok := v.held[d]
	return ok && held == size, v.err
}
