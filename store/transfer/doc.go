// Package transfer moves bytes between files and a store, and proves them on the
// way: [Sum] names what is about to be sent, [Engine.Put] sends it so that the
// store refuses anything else, [Engine.Fetch] takes nothing that does not hash
// to its name. Both go in parts and ranges side by side, survive failures that
// pass, and go on where an earlier attempt stopped. How many requests are under way
// is found out as they go: see budget.go. A [Meter] shows how far it has come.
package transfer
