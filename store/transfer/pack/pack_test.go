package pack

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cairnstore/cairn/layout"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		sizes []int64
		want  [][2]int
	}{
		{nil, nil},
		{[]int64{0}, [][2]int{{0, 1}}},
		{[]int64{1, 2, 3}, [][2]int{{0, 3}}},
		{[]int64{target, 1}, [][2]int{{0, 1}, {1, 2}}},
		{[]int64{1, target, 1}, [][2]int{{0, 1}, {1, 2}, {2, 3}}},
		{slices.Repeat([]int64{target/2 - 2*layout.TarBlock}, 5), [][2]int{{0, 2}, {2, 4}, {4, 5}}},
	} {
		var got [][2]int
		for _, span := range Split(len(c.sizes), func(i int) (string, int64) { return "x", c.sizes[i] }) {
			got = append(got, [2]int{span.From, span.To})
			var bytes int64
			for _, size := range c.sizes[span.From:span.To] {
				bytes += room("x", size)
			}
			if span.Room != bytes+end {
				t.Errorf("Split(%v): room for %d bytes, want %d", c.sizes, span.Room, bytes+end)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("Split(%v) = %v, want %v", c.sizes, got, c.want)
		}
	}
}

// An archive is no larger than Split took it to be, whatever its files are called.
func TestRoom(t *testing.T) {
	for _, path := range []string{"a", strings.Repeat("a", 100), strings.Repeat("a", 101), strings.Repeat("abc/", 60), "ü", strings.Repeat(strings.Repeat("ü", 127)+"/", 15) + "x"} {
		w := NewWriter(0)
		var want int64
		for i := range 50 {
			name, b := fmt.Sprint(path, i), make([]byte, 100*i)
			if _, err := w.Add(name, b); err != nil {
				t.Fatal(err)
			}
			want += room(name, int64(len(b)))
		}
		if got := int64(w.buf.Len()); got > want {
			t.Errorf("files called %.20q…, %d bytes: the archive has %d bytes, and room for %d", path, len(path), got, want)
		}
	}
}

func archive(t *testing.T, files map[string][]byte, order []string) ([]byte, []Member) {
	t.Helper()
	w := NewWriter(0)
	var members []Member
	for i, path := range order {
		block, err := w.Add(path, files[path])
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, Member{i, block, int64(len(files[path]))})
	}
	b, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return b, members
}

// What any tar reads is what was packed, and lies where Add said.
func TestWriter(t *testing.T) {
	files := map[string][]byte{
		"a": []byte("one"), "empty": nil, "dir/ü/" + strings.Repeat("long", 60): bytes.Repeat([]byte("x"), 512), "z": bytes.Repeat([]byte("y"), 5000),
	}
	order := []string{"a", "empty", "dir/ü/" + strings.Repeat("long", 60), "z"}
	b, members := archive(t, files, order)
	r := tar.NewReader(bytes.NewReader(b))
	for _, m := range members {
		h, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if h.Name != order[m.File] || !bytes.Equal(got, files[h.Name]) || err != nil {
			t.Errorf("tar finds %s with %d bytes, %v", h.Name, len(got), err)
		}
		if !bytes.Equal(b[m.from():m.to()], files[h.Name]) {
			t.Errorf("%s does not lie at block %d", h.Name, m.Block)
		}
	}
	again, _ := archive(t, files, order)
	if !bytes.Equal(b, again) {
		t.Error("the same files make another archive")
	}
}

func TestRunsAndRead(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	files := make(map[string][]byte)
	var order []string
	for i := range 300 {
		path := fmt.Sprintf("file-%03d", i)
		order = append(order, path)
		files[path] = bytes.Repeat([]byte{byte(i)}, random.IntN(100<<10))
	}
	b, members := archive(t, files, order)
	for range 100 {
		var wanted []Member
		for _, m := range members {
			if random.IntN(20) == 0 {
				wanted = append(wanted, m, m) // two files with the same bytes
			}
		}
		random.Shuffle(len(wanted), func(i, j int) { wanted[i], wanted[j] = wanted[j], wanted[i] })
		found := 0
		for _, run := range Runs(wanted) {
			err := Read(bytes.NewReader(b[run.Off:run.Off+run.Size]), run, func(m Member, got []byte) error {
				found++
				if !bytes.Equal(got, files[order[m.File]]) {
					t.Errorf("file %d has other bytes", m.File)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if found != len(wanted) {
			t.Fatalf("%d of %d members were read", found, len(wanted))
		}
	}
}

func TestRuns(t *testing.T) {
	far := int32(nearby/layout.TarBlock) + 2
	runs := Runs([]Member{{0, far + 1, 10}, {1, 1, 600}, {2, 4, 0}})
	if len(runs) != 1 || runs[0].Off != 512 || runs[0].Size != int64(far)*512+10 {
		t.Errorf("near members are read as %v", runs)
	}
	runs = Runs([]Member{{0, far + 4, 10}, {1, 1, 600}})
	if len(runs) != 2 || runs[0].Size != 600 || runs[1].Size != 10 {
		t.Errorf("far members are read as %v", runs)
	}
}

func TestReadRefuses(t *testing.T) {
	nothing := func(Member, []byte) error { return nil }
	overlapping := Run{Off: 512, Size: 2000, Members: []Member{{0, 1, 600}, {1, 2, 10}}}
	if err := Read(bytes.NewReader(make([]byte, 2000)), overlapping, nothing); err == nil {
		t.Error("members that overlap are read")
	}
	whole := Run{Off: 512, Size: 600, Members: []Member{{0, 1, 600}}}
	for _, n := range []int{0, 599} {
		if err := Read(bytes.NewReader(make([]byte, n)), whole, nothing); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d of 600 bytes: %v", n, err)
		}
	}
}
