package profile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"surety/idp/strict"
)

// What bounds a file. The largest policy that Check lets through is far smaller.
const (
	maxFile = 1 << 20
	maxList = 300
	maxText = 500
)

// Problems are all mistakes in a profile, in the order in which they were
// found: an error that names file, line and hint of each.
type Problems = strict.Problems

// reader reads one file of a profile and collects what is wrong with it.
type reader struct{ *strict.Reader }

// newReader returns a reader; the name of the file is for its problems.
func newReader(file string) reader { return reader{strict.New(file)} }

// open reads the file out of the folder. It returns nil after reporting why it
// could not.
func (r reader) open(folder fs.FS, file string) []byte {
	raw, err := readBounded(folder, file)
	if err != nil {
		r.Report(&strict.Node{}, "", "%v", err)
	}
	return raw
}

// readBounded reads no more than one byte beyond what a file may have, which
// is enough to be told that it is too large.
func readBounded(folder fs.FS, file string) ([]byte, error) {
	f, err := folder.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return raw, nil
}

// collected returns what the reader found wrong so far.
func (r reader) collected() Problems {
	var problems Problems
	errors.As(r.Err(), &problems)
	return problems
}

// number reads a whole number from low to high.
func (r reader) number(n *strict.Node, low, high int) int {
	value := r.Text(n, maxText)
	number, err := strconv.Atoi(value)
	if value != "" && (err != nil || number < low || number > high) {
		r.Report(n, "", "%q is not a whole number from %d to %d", value, low, high)
		return 0
	}
	return number
}

// span reads one time or two: "5m", "14d..35d".
func (r reader) span(n *strict.Node) (soonest, latest time.Duration) {
	value := r.Text(n, maxText)
	from, to, ranged := strings.Cut(value, "..")
	if !ranged {
		to = from
	}
	soonest, err := strict.ParseDuration(from)
	latest, err2 := strict.ParseDuration(to)
	if value != "" && cmp.Or(err, err2) != nil {
		r.Report(n, "for example 5m, or 14d..35d", "%q is not a time or a range of times", value)
	}
	return soonest, latest
}
