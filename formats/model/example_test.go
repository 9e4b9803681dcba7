package model_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/cairnstore/cairn/formats/model"
)

func ExampleInspect() {
	f, err := os.Open("testdata/plain.npz")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.Inspect(context.Background(), f, info.Size(), f.Name())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Format, "runs code:", m.ExecutesCode)
	for _, t := range m.Tensors {
		fmt.Println(t.Name, t.DType, t.Shape, t.Digest[:15])
	}
	// Output:
	// npz runs code: false
	// a <f4 [2 3] b3:f643c80020fa
	// dense/kernel:0 <i8 [3] b3:b2c5264337e0
}
