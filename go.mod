module github.com/cairnstore/cairn

go 1.26

require (
	github.com/gowebpki/jcs v1.0.2 // indirect
	github.com/klauspost/cpuid/v2 v2.2.9 // indirect
	github.com/minio/crc64nvme v1.1.1 // indirect
	github.com/zeebo/blake3 v0.2.4 // indirect
	golang.org/x/sys v0.28.0 // indirect
)
