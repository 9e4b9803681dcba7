//go:build !linux

package main

import "syscall"

// endWithParent does nothing: only Linux can have a child killed with its parent.
func endWithParent(*syscall.SysProcAttr) {}
