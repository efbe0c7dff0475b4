package strict

import (
	"fmt"
	"strings"
)

// maxProblems bounds what is told at once: nobody reads more before mending,
// and a hostile file could hold a mistake a byte.
const maxProblems = 200

// Problem is one mistake in a file.
type Problem struct {
	File string
	Line int // 0 when it is about the whole file
	Text string
	Hint string // what would be right; may be empty
}

// Error tells file, line, mistake and hint on one line, as compilers do.
func (p Problem) Error() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Hint == "" {
		return place + ": " + p.Text
	}
	return place + ": " + p.Text + " (" + p.Hint + ")"
}

// Problems are all mistakes in a file, in the order in which they were found.
type Problems []Problem

// Error tells each problem on a line of its own.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}
