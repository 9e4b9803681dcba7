package layout_test

import (
	"fmt"

	"github.com/cairnstore/cairn/layout"
)

func ExampleParseRef() {
	for _, s := range []string{
		"features/churn@b3:7c1f0a94d2e8",
		"features/churn@prod",
		"features/churn@2026-06-17",
		"features/churn@2026-06-01..2026-06-17",
		"features/churn@latest",
	} {
		r, err := layout.ParseRef(s)
		if err != nil {
			fmt.Println("refused:", s)
			continue
		}
		fmt.Printf("version=%q name=%q from=%q to=%q\n", r.Version, r.Name, r.From, r.To)
	}
	// Output:
	// version="7c1f0a94d2e8" name="" from="" to=""
	// version="" name="prod" from="" to=""
	// version="" name="" from="2026-06-17" to=""
	// version="" name="" from="2026-06-01" to="2026-06-17"
	// refused: features/churn@latest
}

func ExampleManifest_Encode() {
	m := &layout.Manifest{
		Artifact: "features/churn",
		Date:     "2026-06-17",
		Files:    []layout.File{{Path: "rows.csv", Size: 4, Digest: layout.Sum([]byte("rows"))}},
		Params:   map[string]any{"lr": 0.1},
	}
	b, id, err := m.Encode()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", b)
	fmt.Println(id.Short())
	// Output:
	// {"artifact":"features/churn","cairn":1,"date":"2026-06-17","files":[{"digest":"b3:33978d32b54a07155d35dd6603849ed76a0b7646d5887bfcead142ea81433920","path":"rows.csv","size":4}],"params":{"lr":0.1}}
	// b3:a325f20d49cd
}

func ExampleParseKey() {
	for _, s := range []string{
		"features/churn/_heads/2026-06-17.json",
		"features/churn/_pointers/prod.json",
		"features/churn/date=2026-06-17/01JD4A0B1C2D3E4F5G6H7J8K9M/_blobs.json",
		"features/churn/notes.txt",
	} {
		k, err := layout.ParseKey(s)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(k.Kind, "of", k.Artifact)
	}
	// Output:
	// head of features/churn
	// pointer of features/churn
	// index of features/churn
	// key "features/churn/notes.txt": is not the name of anything in a store
}
