package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Node is a value in the file, with its line.
type Node = yaml.Node

// Reader reads one file and collects what is wrong with it.
type Reader struct {
	file     string
	problems Problems
	more     int // problems beyond those that are kept
}

// New returns a reader. The name of the file is for its problems.
func New(file string) *Reader { return &Reader{file: file} }

// Report notes a problem at the node.
func (r *Reader) Report(n *Node, hint, format string, args ...any) {
	r.add(Problem{File: r.file, Line: n.Line, Text: fmt.Sprintf(format, args...), Hint: hint})
}

func (r *Reader) add(p Problem) {
	if len(r.problems) == maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, p)
}

// Err returns all problems as an error of type Problems, or nil.
func (r *Reader) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	if r.more > 0 {
		return append(slices.Clip(r.problems), Problem{File: r.file, Text: fmt.Sprintf("and %d more", r.more)})
	}
	return r.problems
}

// Document parses the source into its one document. It returns nil after
// reporting why it could not.
func (r *Reader) Document(source []byte, limit int) *Node {
	if len(source) > limit {
		r.add(Problem{File: r.file, Text: fmt.Sprintf("the file is larger than %d bytes", limit)})
		return nil
	}
	var document, second Node
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	err := decoder.Decode(&document)
	if err == nil {
		if err = decoder.Decode(&second); err == nil {
			r.Report(&second, "one document a file", "a second document")
			return nil
		}
	}
	switch {
	case document.Kind == 0 && errors.Is(err, io.EOF):
		r.add(Problem{File: r.file, Text: "the file is empty"})
		return nil
	case !errors.Is(err, io.EOF):
		r.add(syntaxProblem(r.file, err))
		return nil
	}
	return document.Content[0]
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

// Fields says how each key of a mapping is read, and which may be left out.
type Fields map[string]Field

// Field is one key of a mapping. Make it with Required or Optional.
type Field struct {
	read     func(*Node)
	optional bool
}

// Required is a key that must be there.
func Required(read func(*Node)) Field { return Field{read: read} }

// Optional is a key that may be left out.
func Optional(read func(*Node)) Field { return Field{read: read, optional: true} }

// Mapping reads each key by its field, refuses keys that are not among them
// or come twice, and misses those that are required.
func (r *Reader) Mapping(n *Node, f Fields) {
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
			r.Report(key, "known keys: "+strings.Join(keys, ", "), "unknown key %q", short(key.Value))
		case seen[key.Value]:
			r.Report(key, "", "key %q appears twice", key.Value)
		default:
			known.read(value)
		}
		seen[key.Value] = true
	}
	for _, key := range keys {
		if !f[key].optional && !seen[key] {
			r.Report(n, "", "key %q is missing", key)
		}
	}
}

// short keeps a hostile value from filling the message about it.
func short(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// List reads each element of a list of at most that many.
func (r *Reader) List(n *Node, limit int, read func(i int, n *Node)) {
	if !r.plain(n, yaml.SequenceNode, "a list") {
		return
	}
	if len(n.Content) > limit {
		r.Report(n, "", "the list has %d entries, at most %d are allowed", len(n.Content), limit)
		return
	}
	for i, element := range n.Content {
		read(i, element)
	}
}

// plain demands a node of that kind without anchor, alias or tag of its own.
func (r *Reader) plain(n *Node, kind yaml.Kind, what string) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		r.Report(n, "write the value out", "anchors, aliases and tags are not allowed")
		return false
	case n.Kind != kind:
		r.Report(n, "", "this must be %s", what)
		return false
	}
	return true
}
