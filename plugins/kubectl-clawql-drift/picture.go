package main

import (
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// mostPaths are drawn; more are counted beside the picture.
const mostPaths = 40

// path is one connection that one side alone lets through, from the details of
// its witness.
type path struct {
	Port     string // 443/TCP
	Stricter bool   // it is --to that lets it through
	ends     [2][]string
}

func pathsOf(findings []finding.Finding) (list []path) {
	for _, f := range findings {
		if f.Witness == nil || f.Witness.Kind != "connection" {
			continue
		}
		d := f.Witness.Details
		list = append(list, path{
			Port: console.Clean(d["port"] + "/" + d["protocol"]), Stricter: f.Direction == finding.Stricter,
			ends: [2][]string{endOf(d, "source"), endOf(d, "destination")},
		})
	}
	return list
}

// endOf names an end in a few lines, the most important one first.
func endOf(d map[string]string, role string) []string {
	address, namespace := d[role+"Address"], d[role+"Namespace"]
	if namespace == "" {
		return []string{address, "address"}
	}
	var lines []string
	if kind, name, split := strings.Cut(d[role+"Workload"], "/"); split {
		lines = append(lines, name, kind+" in "+namespace)
	} else if name := d[role+"Workload"]; name != "" {
		lines = append(lines, name, "in "+namespace)
	} else if labels := d[role+"Labels"]; labels != "" {
		lines = append(lines, "a new pod", strings.ReplaceAll(labels, ",", " "), "in "+namespace)
	} else {
		lines = append(lines, "a new pod", "without labels, in "+namespace)
	}
	if address != "" {
		lines = append(lines, address)
	}
	return lines
}

// picture is a drawing of paths, in units of its view box. Sources stand at the
// left, once for paths that follow one another; each path has a row.
type picture struct {
	Class         string
	Width, Height int
	Boxes         []box
	Arrows        []arrow
}

type box struct {
	X, Y, Width, Height int
	Lines               []line
}

type line struct {
	X, Y  int
	Text  string
	First bool
}

type arrow struct {
	X1, X2, Y int
	LabelX    int
	LabelY    int
	Port      string
	Stricter  bool
}

// scale is how a picture is laid out: for a phone, or for a desk.
type scale struct {
	class    string
	box, gap int // widths
	chars    int // columns of text in a box
}

var scales = []scale{{"narrow", 130, 74, 15}, {"wide", 300, 240, 44}}

const (
	lineHeight = 15
	padding    = 9
	between2   = 10 // boxes
	mostLines  = 5
)

// draw lays the paths out.
func draw(paths []path, s scale) picture {
	p := picture{Class: s.class, Width: 2*s.box + s.gap + 2}
	y := 1
	for i := 0; i < len(paths); {
		group := sameSource(paths[i:])
		top := y
		for _, one := range group {
			height := p.box(s.box+s.gap+1, y, s, one.ends[1], 0)
			middle := y + height/2
			p.Arrows = append(p.Arrows, arrow{
				X1: s.box + 1, X2: s.box + s.gap - 7, Y: middle, LabelX: s.box + s.gap/2, LabelY: middle - 6, Port: one.Port, Stricter: one.Stricter,
			})
			y += height + between2
		}
		bottom := top + p.box(1, top, s, group[0].ends[0], y-between2-top)
		y = max(y, bottom+between2)
		i += len(group)
	}
	p.Height = y - between2 + 1
	return p
}

// sameSource are the first paths that begin at one place.
func sameSource(paths []path) []path {
	n := 1
	for n < len(paths) && strings.Join(paths[n].ends[0], "\n") == strings.Join(paths[0].ends[0], "\n") {
		n++
	}
	return paths[:n]
}

// box draws one end, at least as high as least, and gives its height.
func (p *picture) box(x, y int, s scale, text []string, least int) int {
	var lines []line
	for i, one := range text {
		for _, part := range console.Wrap(console.Clean(one), s.chars) {
			lines = append(lines, line{Text: part, First: i == 0})
		}
	}
	if len(lines) > mostLines {
		lines = lines[:mostLines]
		lines[mostLines-1].Text = console.Truncate(lines[mostLines-1].Text+" …", s.chars)
	}
	content := len(lines) * lineHeight
	height := max(content+2*padding, least)
	for i := range lines {
		lines[i].X, lines[i].Y = x+8, y+(height-content)/2+i*lineHeight+lineHeight-4
	}
	p.Boxes = append(p.Boxes, box{x, y, s.box, height, lines})
	return height
}
