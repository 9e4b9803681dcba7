package cairn_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cairnstore/cairn"

// allowed says what each package may import beside the standard library: a
// package, or a module and all below it. Contracts know nothing of each other,
// and each SDK appears in one driver only.
var allowed = map[string][]string{
	"layout":                 {"github.com/zeebo/blake3"},
	"layout/lineage":         {"layout"},
	"formats":                {"github.com/zeebo/blake3", "lukechampine.com/blake3/guts", "github.com/zeebo/xxh3", "github.com/klauspost/cpuid/v2"},
	"formats/parquet":        {"formats", "github.com/parquet-go/parquet-go/...", "github.com/zeebo/blake3"},
	"formats/arrow":          {"formats", "formats/arrow/spelling", "github.com/apache/arrow/go/v17/..."},
	"formats/arrow/spelling": {"formats"},
	"formats/contract":       {"formats", "formats/arrow/spelling", "github.com/zeebo/blake3", "github.com/RoaringBitmap/roaring/v2/...", "go.yaml.in/yaml/v3"},
	"formats/model":          {"github.com/zeebo/blake3"},
	"store":                  {"github.com/minio/crc64nvme"},
	"store/mem":              {"store"},
	"store/file":             {"store"},
	"store/s3":               {"store", "store/internal/...", "github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/..."},
	"store/minio":            {"store", "store/internal/...", "github.com/minio/minio-go/v7/..."},
	"store/gcs":              {"store", "store/internal/group", "cloud.google.com/go/...", "google.golang.org/api/..."},
	"store/open":             {"store/..."},
	"store/doctor":           {"store"},
	"store/storetest":        {"store", "store/doctor"},
	"store/storetest/server": {},
	"store/transfer":         {"store", "store/internal/group", "layout", "github.com/zeebo/blake3", "lukechampine.com/blake3/guts", "github.com/cenkalti/backoff/v5"},
	"store/transfer/pack":    {"layout"},
	"store/internal/group":   {"golang.org/x/sync/..."},
	"store/internal":         {"store", "store/internal/...", "github.com/minio/crc64nvme"},
	"":                       {"store", "store/transfer/...", "layout", "formats", "formats/parquet", "layout/lineage", "github.com/oklog/ulid/v2", "github.com/bmatcuk/doublestar/v4"},
	"bench":                  {"...", "github.com/dustin/go-humanize", "github.com/parquet-go/parquet-go/...", "github.com/apache/arrow/go/v17/..."},
	"deploy/kubernetes":      {},
	"cmd":                    {"", "...", "github.com/spf13/...", "github.com/dustin/go-humanize", "github.com/schollz/progressbar/v3", "go.yaml.in/yaml/v3", "golang.org/x/term"},
	"examples":               {"", "layout", "store/open", "examples/...", "github.com/parquet-go/parquet-go/...", "gonum.org/v1/gonum/..."},

	"formats/contract/tables": {"formats", "formats/contract", "formats/arrow/...", "formats/parquet", "github.com/parquet-go/parquet-go"},
}

// The imports of each package, tests aside, are those that its place allows.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		imports := strings.Fields(line)
		pkg := local(imports[0])
		rules, ok := rulesFor(pkg)
		if !ok {
			t.Errorf("%s: no rule says what it may import", imports[0])
			continue
		}
		for _, imported := range imports[1:] {
			if isStandard(imported) {
				continue
			}
			if !slices.ContainsFunc(rules, func(rule string) bool { return matches(rule, imported) }) {
				t.Errorf("%s may not import %s", imports[0], imported)
			}
		}
	}
}

func local(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// rulesFor returns the rules of the package or of the nearest folder above it.
func rulesFor(pkg string) ([]string, bool) {
	for dir := pkg; ; {
		if rules, ok := allowed[dir]; ok && (dir != "" || pkg == "") {
			return rules, true
		}
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			return nil, false
		}
		dir = dir[:i]
	}
}

func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func matches(rule, imported string) bool {
	if strings.HasPrefix(imported, module) {
		imported = local(imported)
	} else if !strings.Contains(rule, ".") || rule == "..." {
		return false
	}
	prefix, deep := strings.CutSuffix(rule, "...")
	if deep {
		return strings.HasPrefix(imported+"/", prefix)
	}
	return imported == rule
}
