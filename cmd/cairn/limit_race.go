//go:build race

package main

// limitMemory does nothing under the race detector, which takes more memory for
// itself than the limit.
func limitMemory() error { return nil }
