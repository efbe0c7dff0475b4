package profile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a file. The largest policy that Check lets through is far smaller.
const maxFile = 1 << 20

// reader reads one file and collects what is wrong with it. It walks the
// nodes itself, because the library's own strictness neither reaches into a
// value that has two shapes (a term is a word or a mapping) nor keeps the line
// of a value for the checks that come afterwards.
type reader struct {
	file     string
	problems Problems
}

// report notes a problem at the node.
func (r *reader) report(n *yaml.Node, hint, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.file, Line: n.Line, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// open reads the file out of the folder. It returns nil after reporting why it
// could not.
func (r *reader) open(folder fs.FS) []byte {
	raw, err := readBounded(folder, r.file)
	if err != nil {
		r.problems = append(r.problems, Problem{File: r.file, Text: err.Error()})
		return nil
	}
	return raw
}

// parse finds the one document of the file. It returns nil after reporting why
// it could not.
func (r *reader) parse(raw []byte) *yaml.Node {
	if len(raw) > maxFile {
		r.problems = append(r.problems, Problem{File: r.file, Text: fmt.Sprintf("larger than %d bytes", maxFile)})
		return nil
	}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	err := decoder.Decode(&document)
	if err == nil {
		if err = decoder.Decode(&second); err == nil {
			r.report(&second, "one document a file", "a second document")
			return nil
		}
	}
	switch {
	case document.Kind == 0 && errors.Is(err, io.EOF):
		r.problems = append(r.problems, Problem{File: r.file, Text: "the file is empty"})
		return nil
	case !errors.Is(err, io.EOF):
		r.problems = append(r.problems, syntaxProblem(r.file, err))
		return nil
	}
	return document.Content[0]
}

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

var syntaxLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// syntaxProblem takes the line out of the library's message.
func syntaxProblem(file string, err error) Problem {
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		return Problem{File: file, Line: line, Text: m[2]}
	}
	return Problem{File: file, Text: strings.TrimPrefix(err.Error(), "yaml: ")}
}

// fields says how each key of a mapping is read, and which may be left out.
type fields map[string]field

type field struct {
	read     func(*yaml.Node)
	optional bool
}

func required(read func(*yaml.Node)) field { return field{read: read} }
func optional(read func(*yaml.Node)) field { return field{read: read, optional: true} }

// mapping reads each key by its field, refuses keys that are not among them
// or come twice, and misses those that are required.
func (r *reader) mapping(n *yaml.Node, f fields) {
	if !r.plain(n, yaml.MappingNode, "a mapping of keys to values") {
		return
	}
	keys := make([]string, 0, len(f))
	for key := range f {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		known, ok := f[key.Value]
		switch {
		case !ok || key.Kind != yaml.ScalarNode:
			r.report(key, "known keys: "+strings.Join(keys, ", "), "unknown key %q", key.Value)
		case seen[key.Value]:
			r.report(key, "", "key %q appears twice", key.Value)
		default:
			known.read(value)
		}
		seen[key.Value] = true
	}
	for _, key := range keys {
		if !f[key].optional && !seen[key] {
			r.report(n, "", "key %q is missing", key)
		}
	}
}

// list reads each element of a list.
func (r *reader) list(n *yaml.Node, read func(i int, n *yaml.Node)) {
	if !r.plain(n, yaml.SequenceNode, "a list") {
		return
	}
	for i, element := range n.Content {
		read(i, element)
	}
}

// plain demands a node of that kind without anchor, alias or tag of its own.
func (r *reader) plain(n *yaml.Node, kind yaml.Kind, what string) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		r.report(n, "write the value out", "anchors, aliases and tags are not allowed")
		return false
	case n.Kind != kind:
		r.report(n, "", "this must be %s", what)
		return false
	}
	return true
}

// text reads a word or a sentence. An empty value must be written as "", so
// that a forgotten one is found.
func (r *reader) text(n *yaml.Node) string {
	if !r.plain(n, yaml.ScalarNode, "a single value") {
		return ""
	}
	if n.Tag == "!!null" {
		r.report(n, "", "the value is missing")
		return ""
	}
	return n.Value
}

// texts reads a list of words.
func (r *reader) texts(n *yaml.Node) []string {
	var all []string
	r.list(n, func(_ int, n *yaml.Node) { all = append(all, r.text(n)) })
	return all
}

// number reads a whole number from low to high.
func (r *reader) number(n *yaml.Node, low, high int) int {
	value := r.text(n)
	number, err := strconv.Atoi(value)
	if value != "" && (err != nil || number < low || number > high) {
		r.report(n, "", "%q is not a whole number from %d to %d", value, low, high)
		return 0
	}
	return number
}

// duration reads a time: "90s", "5m", "12h", "14d".
func (r *reader) duration(n *yaml.Node) time.Duration {
	value := r.text(n)
	d, err := parseDuration(value)
	if value != "" && err != nil {
		r.report(n, "for example 90s, 5m, 12h or 14d", "%q is not a time", value)
	}
	return d
}

// span reads one time or two: "5m", "14d..35d".
func (r *reader) span(n *yaml.Node) (soonest, latest time.Duration) {
	value := r.text(n)
	from, to, ranged := strings.Cut(value, "..")
	if !ranged {
		to = from
	}
	soonest, err := parseDuration(from)
	latest, err2 := parseDuration(to)
	if value != "" && cmp.Or(err, err2) != nil {
		r.report(n, "for example 5m, or 14d..35d", "%q is not a time or a range of times", value)
	}
	return soonest, latest
}

// parseDuration is time.ParseDuration with days, which are what letters take.
func parseDuration(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	return time.Duration(n) * 24 * time.Hour, err
}
