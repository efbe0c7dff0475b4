package procedure

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// At picks, out of the versions of one procedure, the one that counts at this
// civil time: the newest whose time has come. At most one does at any time.
//
// When that one has ended or is switched off, none counts: an older one, that
// may have asked for less, must not come out from under it.
func At(versions []Procedure, civil time.Time) (Procedure, bool) {
	newest := -1
	for i, v := range versions {
		if !civil.Before(v.ValidFrom) && (newest < 0 || v.ValidFrom.After(versions[newest].ValidFrom)) {
			newest = i
		}
	}
	if newest < 0 || !versions[newest].InForce(civil) {
		return Procedure{}, false
	}
	return versions[newest], true
}

// Change is one field that differs between two versions, each side as JSON;
// null where it is not there.
type Change struct {
	Field string          `json:"field"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// Changes lists the fields in which two versions differ, by name; those of the
// requirement by themselves. When a version is valid from is no difference of
// what it says.
func Changes(old, new Procedure) ([]Change, error) {
	old.ValidFrom, new.ValidFrom = time.Time{}, time.Time{}
	before, err := fields(old)
	if err != nil {
		return nil, err
	}
	after, err := fields(new)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !bytes.Equal(before[name], after[name]) {
			out = append(out, Change{Field: name, Old: orNull(before[name]), New: orNull(after[name])})
		}
	}
	return out, nil
}

// fields are the members of the procedure, and of its requirement, as JSON.
func fields(p Procedure) (map[string]json.RawMessage, error) {
	p.ValidUntil = p.ValidUntil.UTC() // one moment, one spelling
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var all, inner map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(all["requirement"], &inner); err != nil {
		return nil, err
	}
	delete(all, "requirement")
	for name, value := range inner {
		all["requirement."+name] = value
	}
	return all, nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// Query selects procedures for a list.
type Query struct {
	Agency   string // empty: of all agencies
	Text     string // in a title or a code, as SearchText writes it; empty: all
	After    Key    // the last one of the page before
	Limit    int
	Disabled bool // those that are switched off as well
}

// SearchText is what the procedure is found by: its code and its titles.
func (p Procedure) SearchText() string {
	words := []string{p.Code}
	for _, lang := range slices.Sorted(maps.Keys(p.Titles)) {
		words = append(words, p.Titles[lang])
	}
	return Searchable(strings.Join(words, " "))
}

// Searchable writes text as it is compared in a search: small letters, one
// space between words, and nothing that is no text.
func Searchable(text string) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) })
	return strings.ToLower(strings.Join(words, " "))
}
