package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// Measures of the picture, in pixels.
const (
	width     = 760
	margin    = 20
	labels    = 165 // where the bars begin
	values    = 60  // for the number behind the longest bar
	rowHeight = 20
	barHeight = 13
	headSpace = 34
)

const style = `<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.note { fill: #656d76 }
.bar { fill: #afb8c1 }
.cairn { fill: #0969da }
.one { stroke: #656d76; stroke-dasharray: 2 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.note { fill: #8d96a0 }
.bar { fill: #6e7681 }
.cairn { fill: #4493f8 }
.one { stroke: #8d96a0 }
}
</style>
`

// drawn are the cases that are in the picture, by how their names begin.
var drawn = []string{"up-", "down-", "latency-"}

// draw writes an SVG picture of the throughput of each tool, of cairn's. It has no
// background, and colours for light and dark pages.
func draw(out *bytes.Buffer, r *report) {
	cases := slices.DeleteFunc(slices.Clone(r.Cases), func(c *result) bool {
		return c.base() == nil || !slices.ContainsFunc(drawn, func(prefix string) bool { return strings.HasPrefix(c.Name, prefix) })
	})
	var body bytes.Buffer
	y := margin
	for _, c := range cases {
		y = drawCase(&body, c, y)
	}
	text(&body, "note", margin, y+12, fmt.Sprintf("Throughput, of cairn's; medians of %d runs in turns on one MinIO, %s, %d cores. Longer is faster.", r.Runs, r.Date, r.Machine.Cores))
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img">`+"\n", width, y+margin+12)
	fmt.Fprintf(out, "<title>%s</title>\n%s", "Throughput of each tool, of cairn's", style)
	out.Write(body.Bytes())
	out.WriteString("</svg>\n")
}

// drawCase draws a bar for each tool, and returns where the next case begins.
func drawCase(out *bytes.Buffer, c *result, y int) int {
	longest := 1.0
	for _, l := range c.Tools {
		longest = max(longest, l.relative)
	}
	scale := float64(width-labels-values-margin) / longest
	text(out, "title", margin, y+14, c.Name)
	y += headSpace
	top := y
	for _, l := range c.Tools {
		base := y + barHeight - 2
		text(out, "", margin, base, l.Name)
		if l.Median == nil {
			text(out, "note", labels, base, cell(l.Cannot, narrow))
		} else {
			class := "bar"
			if strings.HasPrefix(l.Name, cairnName) {
				class = "bar cairn"
			}
			length := l.relative * scale
			fmt.Fprintf(out, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", class, labels, y, length, barHeight)
			text(out, "", labels+int(length)+6, base, fmt.Sprintf("%.2f", l.relative))
		}
		y += rowHeight
	}
	x := float64(labels) + scale
	fmt.Fprintf(out, `<line class="one" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`+"\n", x, x, top-4, y-4)
	return y + margin
}

func text(out *bytes.Buffer, class string, x, y int, s string) {
	fmt.Fprintf(out, `<text class="%s" x="%d" y="%d">`, class, x, y)
	xml.EscapeText(out, []byte(s))
	out.WriteString("</text>\n")
}
