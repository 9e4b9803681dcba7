package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"golang.org/x/sync/errgroup"
)

func (b *bucket) putFile(ctx context.Context, name, key string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() <= partBytes {
		_, err := b.put(ctx, key, nil, io.NewSectionReader(f, 0, info.Size()))
		return err
	}
	return b.putParts(ctx, f, info.Size(), key)
}

type part struct {
	Number int    `xml:"PartNumber"`
	Tag    string `xml:"ETag"`
}

func (b *bucket) putParts(ctx context.Context, f *os.File, size int64, key string) error {
	var begun struct {
		UploadID string `xml:"UploadId"`
	}
	if err := b.ask(ctx, http.MethodPost, key, url.Values{"uploads": {""}}, nil, &begun); err != nil {
		return err
	}
	done := make([]part, (size+partBytes-1)/partBytes)
	group, partsCtx := errgroup.WithContext(ctx)
	group.SetLimit(parts)
	for i := range done {
		off := int64(i) * partBytes
		group.Go(func() (err error) {
			query := url.Values{"uploadId": {begun.UploadID}, "partNumber": {strconv.Itoa(i + 1)}}
			done[i].Number = i + 1
			done[i].Tag, err = b.put(partsCtx, key, query, io.NewSectionReader(f, off, min(partBytes, size-off)))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []part   `xml:"Part"`
	}{Parts: done})
	if err != nil {
		return err
	}
	return b.ask(ctx, http.MethodPost, key, url.Values{"uploadId": {begun.UploadID}}, body, nil)
}

// put returns the ETag of what was stored.
func (b *bucket) put(ctx context.Context, key string, query url.Values, body *io.SectionReader) (string, error) {
	resp, err := b.send(ctx, http.MethodPut, key, query, nil, body, body.Size())
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.Header.Get("ETag"), err
}

// ask sends a small request and reads its answer, which may be an error in spite
// of its status.
func (b *bucket) ask(ctx context.Context, method, key string, query url.Values, body []byte, answer any) error {
	resp, err := b.send(ctx, method, key, query, nil, bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if bytes.Contains(text, []byte("<Error>")) {
		return fmt.Errorf("%s %s: %s", method, key, text)
	}
	if answer == nil {
		return nil
	}
	return xml.Unmarshal(text, answer)
}
