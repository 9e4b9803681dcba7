package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"github.com/cairnstore/cairn"
	"github.com/cairnstore/cairn/layout"
	"github.com/cairnstore/cairn/store/open"
	"github.com/cairnstore/cairn/store/transfer"
)

// open opens the store that the flags name.
func (a *app) open(ctx context.Context, meter *transfer.Meter) (*cairn.Repo, error) {
	return a.openWith(ctx, &cairn.Options{Meter: meter})
}

// openInspecting is open for verbs that look into files.
func (a *app) openInspecting(ctx context.Context, meter *transfer.Meter) (*cairn.Repo, error) {
	return a.openWith(ctx, &cairn.Options{Meter: meter, Inspect: newInspector().inspect})
}

func (a *app) openWith(ctx context.Context, o *cairn.Options) (*cairn.Repo, error) {
	url, err := a.storeURL()
	if err != nil {
		return nil, err
	}
	s, err := open.URL(ctx, url)
	if err != nil {
		return nil, err
	}
	// One folder for each store: what is parked for one means nothing to another.
	o.Scratch = filepath.Join(a.cacheDir(), "stores", layout.Sum([]byte(url)).Hex()[:16])
	o.Tool = "cairn " + version()
	r, err := cairn.Open(ctx, s, o)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", url, err)
	}
	return r, nil
}

// openNamed opens the store for a verb that is about one name of an artifact,
// once both are known to be well formed.
func (a *app) openNamed(ctx context.Context, artifact, name string) (layout.Artifact, layout.Name, *cairn.Repo, error) {
	parsed, err := layout.ParseArtifact(artifact)
	if err != nil {
		return "", "", nil, err
	}
	n, err := layout.ParseName(name)
	if err != nil {
		return "", "", nil, err
	}
	r, err := a.open(ctx, nil)
	return parsed, n, r, err
}

func (a *app) storeURL() (string, error) {
	if a.store != "" {
		return a.store, nil
	}
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", usagef("there is no home directory to keep a store in; give --store URL or CAIRN_STORE")
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "cairn", "store"), nil
}

func (a *app) cacheDir() string {
	if a.cache != "" {
		return a.cache
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "cairn-"+strconv.Itoa(os.Getuid()))
	}
	return filepath.Join(cache, "cairn")
}

// version is that of the module, as the go command stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return cmp.Or(info.Main.Version, "unknown")
}

// resolveIn resolves text, a reference to a or what stands after its "@", to
// one version.
func (a *app) resolveIn(ctx context.Context, r *cairn.Repo, artifact layout.Artifact, text string) (*cairn.Version, error) {
	ref, err := parseRefIn(artifact, text)
	if err != nil {
		return nil, err
	}
	return a.resolveOne(ctx, r, ref)
}

// resolveOne resolves a reference where a range of dates will not do.
func (a *app) resolveOne(ctx context.Context, r *cairn.Repo, ref layout.Ref) (*cairn.Version, error) {
	if ref.IsRange() {
		return nil, usagef("%s means several versions, and one is needed", ref)
	}
	versions, err := a.resolveRef(ctx, r, ref)
	if err != nil {
		return nil, err
	}
	return versions[0], nil
}
