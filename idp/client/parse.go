package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"surety/idp"

	"golang.org/x/text/language"
)

// Warning names a member that was kept out, and why.
type Warning struct {
	Member string `json:"member"`
	Reason string `json:"reason"`
}

// String is the warning on one line.
func (w Warning) String() string { return w.Member + " " + w.Reason }

// MemberError names a member that is wrong, and how.
type MemberError struct {
	Member  string `json:"member"`
	Problem string `json:"problem"`
}

// InvalidMetadata lists everything that is wrong with a metadata document, so
// that the operator mends it in one go.
type InvalidMetadata struct {
	Members []MemberError
}

// Error lists the members at fault.
func (e *InvalidMetadata) Error() string {
	var lines []string
	for _, m := range e.Members {
		lines = append(lines, m.Member+" "+m.Problem)
	}
	return "client metadata: " + strings.Join(lines, "; ")
}

// ErrorCode is "invalid".
func (e *InvalidMetadata) ErrorCode() string { return string(idp.CodeInvalid) }

// MessageKey is the text for the person.
func (e *InvalidMetadata) MessageKey() string { return "error.invalid" }

// MessageArgs is empty: the members at fault are for operators.
func (e *InvalidMetadata) MessageArgs() map[string]any { return nil }

// Document is one client of an import.
type Document struct {
	Metadata Metadata
	Warnings []Warning
}

// ParseImport reads RFC 7591 metadata: one client as a JSON object, or many
// as an array. Members that Surety does not know, or that a registration
// answer carries (client_id, client_secret and such), are kept out with a
// warning. A document that names no id_token_signed_response_alg means RS256
// (OpenID Connect Dynamic Client Registration 1.0, section 2).
//
// The metadata are not validated yet: see New and Metadata.Validate.
func ParseImport(r io.Reader) ([]Document, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read client metadata: %w", err)
	case len(b) > MaxDocument:
		return nil, invalid("the document", fmt.Sprintf("is larger than %d bytes", MaxDocument))
	}
	var raws []json.RawMessage
	if t := bytes.TrimSpace(b); len(t) > 0 && t[0] == '[' {
		err = json.Unmarshal(b, &raws)
	} else {
		raws = []json.RawMessage{b}
	}
	if err != nil {
		return nil, invalid("the document", "is not JSON: "+err.Error())
	}
	if len(raws) == 0 {
		return nil, invalid("the document", "holds no client")
	}
	var out []Document
	for i, raw := range raws {
		d, err := Parse(raw)
		if err != nil && len(raws) > 1 {
			err = fmt.Errorf("client %d of %d: %w", i+1, len(raws), err)
		}
		if err != nil {
			return nil, err
		}
		if d.Metadata.IDTokenSignedResponseAlg == "" {
			d.Metadata.IDTokenSignedResponseAlg = RS256
		}
		out = append(out, d)
	}
	return out, nil
}

// Parse reads one client's metadata, without the defaults of an import.
//
// Errors: *InvalidMetadata.
func Parse(raw []byte) (Document, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return Document{}, invalid("the document", "is not a JSON object")
	}
	if members == nil {
		return Document{}, invalid("the document", "is null")
	}
	var (
		d       Document
		problem InvalidMetadata
	)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		known, err := d.Metadata.set(name, members[name])
		switch {
		case err != nil:
			problem.Members = append(problem.Members, MemberError{name, err.Error()})
		case !known:
			d.Warnings = append(d.Warnings, Warning{name, "is not supported and was left out"})
		}
	}
	if len(problem.Members) > 0 {
		return Document{}, &problem
	}
	return d, nil
}

// set takes over one member of a document. Names of members are compared
// exactly, as JSON does and Go's decoder does not.
func (m *Metadata) set(name string, value json.RawMessage) (known bool, err error) {
	if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
		return true, nil // the same as leaving the member out (RFC 7591, section 2)
	}
	base, tag, tagged := strings.Cut(name, "#")
	if l := m.localized(base); l != nil {
		return true, setLocalized(l, tag, tagged, value)
	}
	field, ok := plainMembers[name]
	if !ok {
		return false, nil
	}
	into := reflect.ValueOf(m).Elem().Field(field).Addr().Interface()
	if err := json.Unmarshal(value, into); err != nil {
		return true, fmt.Errorf("is of the wrong type, want %s", describe(into))
	}
	return true, nil
}

// localized finds the members that may carry a language tag.
func (m *Metadata) localized(base string) *Localized {
	switch base {
	case "client_name":
		return &m.Names
	case "client_uri":
		return &m.Homes
	case "logo_uri":
		return &m.Logos
	case "policy_uri":
		return &m.Policies
	case "tos_uri":
		return &m.TermsOfUses
	}
	return nil
}

func setLocalized(l *Localized, tag string, tagged bool, value json.RawMessage) error {
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return errors.New("is of the wrong type, want a text")
	}
	if tagged {
		t, err := language.Parse(tag)
		if err != nil || tag == "" {
			return errors.New("has a language tag that is not one of BCP 47")
		}
		tag = strings.ToLower(t.String())
	}
	if *l == nil {
		*l = Localized{}
	}
	if len(*l) >= maxList {
		return fmt.Errorf("comes in more than %d languages", maxList)
	}
	(*l)[tag] = s
	return nil
}

// plainMembers maps a member's name to its field in Metadata.
var plainMembers = func() map[string]int {
	out := map[string]int{}
	t := reflect.TypeFor[Metadata]()
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "-" {
			out[name] = i
		}
	}
	return out
}()

func describe(into any) string {
	switch into.(type) {
	case *bool, **bool:
		return "true or false"
	case *int64, **int64:
		return "a whole number of seconds"
	case *[]string, *[]GrantType:
		return "a list of texts"
	}
	return "a text"
}

// MarshalJSON writes the metadata under the members' standard names.
func (m Metadata) MarshalJSON() ([]byte, error) {
	type plain Metadata // without methods, or this would call itself
	b, err := json.Marshal(plain(m))
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, err
	}
	for _, base := range []string{"client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"} {
		for tag, text := range *m.localized(base) {
			name := base
			if tag != "" {
				name += "#" + tag
			}
			if members[name], err = json.Marshal(text); err != nil {
				return nil, err
			}
		}
	}
	return json.Marshal(members)
}

// UnmarshalJSON reads what MarshalJSON wrote. Members from a later version
// are passed over, so that two versions can run side by side.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	d, err := Parse(b)
	if err != nil {
		return err
	}
	*m = d.Metadata
	return nil
}

func invalid(member, problem string) *InvalidMetadata {
	return &InvalidMetadata{Members: []MemberError{{member, problem}}}
}
