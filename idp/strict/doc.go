// Package strict reads YAML files that people write, and JSON, which is YAML.
// It knows no file of its own: whoever reads one says which keys there are and
// what each holds.
//
// An unknown key, one that appears twice, one that is missing, a value of the
// wrong kind: each is a Problem with file, line and a hint, and all of them
// are told at once. Files have no anchors, aliases, merges or tags: what is
// written is what is meant, and a reader needs to look in one place only.
//
// The nodes are walked here, because the library's own strictness does not
// keep the line of a value for the checks that come afterwards.
package strict
