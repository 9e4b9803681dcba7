//go:build !linux

package transport

import (
	"net"
	"time"
)

func limitStall(*net.TCPConn, time.Duration) {}
