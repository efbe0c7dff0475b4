package details

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"surety/idp/oidc"
	"surety/idp/procedure"
)

// Parameter is the name of the parameter, in requests and in answers.
const Parameter = "authorization_details"

// TypeProcedure is the only type there is.
const TypeProcedure = "procedure"

// Types lists the types for the provider's metadata
// (authorization_details_types_supported, RFC 9396, section 10).
func Types() []string { return []string{TypeProcedure} }

// Bounds of what is read. A real request has one entry of fifty bytes.
const (
	maxText    = 8 << 10 // bytes of the parameter
	maxEntries = 10
)

// Entry is one procedure that was granted, as tokens and answers name it.
type Entry struct {
	Type   string `json:"type"`
	Code   string `json:"code"`
	Agency string `json:"agency"`
}

// Granted are the entries for procedures of an agency; nil for none.
func Granted(agency string, codes []string) []Entry {
	if len(codes) == 0 {
		return nil
	}
	out := make([]Entry, len(codes))
	for i, code := range codes {
		out[i] = Entry{Type: TypeProcedure, Code: code, Agency: agency}
	}
	return out
}

// Parse reads the parameter: codes of procedures, in the order in which they
// came, each once. agency is whose they must be, where an entry says so: a
// client that asks for less than it was granted repeats what it was given.
// With an empty agency nobody may say so.
//
// The fault is nil when all is well.
func Parse(text, agency string) ([]string, *oidc.Fault) {
	if len(text) > maxText {
		return nil, bad("is longer than " + strconv.Itoa(maxText) + " bytes")
	}
	p := parser{dec: json.NewDecoder(strings.NewReader(text)), agency: agency}
	if p.token() != json.Delim('[') {
		return nil, bad("is not a JSON array")
	}
	for p.dec.More() {
		if len(p.codes) == maxEntries {
			return nil, bad("has more than " + strconv.Itoa(maxEntries) + " entries")
		}
		if f := p.entry(); f != nil {
			return nil, f
		}
	}
	if p.token() != json.Delim(']') {
		return nil, bad("is not a JSON array")
	}
	if _, err := p.dec.Token(); err != io.EOF {
		return nil, bad("has text after the array")
	}
	if len(p.codes) == 0 {
		return nil, bad("is empty")
	}
	return p.codes, nil
}

// bad is the fault of a parameter that is not good (RFC 9396, section 5).
func bad(what string) *oidc.Fault {
	return oidc.Bad(oidc.InvalidAuthorizationDetails, Parameter+" "+what)
}

type parser struct {
	dec    *json.Decoder
	agency string
	codes  []string
}

// token is the next one; nil when there is none or the text is no JSON.
func (p *parser) token() json.Token {
	t, err := p.dec.Token()
	if err != nil {
		return nil
	}
	return t
}

// entry reads one object whose members are all strings. So nothing is ever
// nested, and no member can hide behind another of the same name.
func (p *parser) entry() *oidc.Fault {
	if p.token() != json.Delim('{') {
		return bad("has an entry that is not an object")
	}
	members := map[string]string{}
	for p.dec.More() {
		name, ok := p.token().(string)
		if !ok {
			return bad("is not JSON")
		}
		if _, twice := members[name]; twice {
			return bad("has an entry with the member " + shown(name) + " twice")
		}
		if name != "type" && name != "code" && (name != "agency" || p.agency == "") {
			return bad("has an entry with the member " + shown(name) + ", which is not known")
		}
		value, ok := p.token().(string)
		if !ok {
			return bad("has an entry whose " + name + " is not a string")
		}
		members[name] = value
	}
	if p.token() != json.Delim('}') {
		return bad("is not JSON")
	}
	return p.take(members)
}

// take checks what an entry says, and keeps its code.
func (p *parser) take(members map[string]string) *oidc.Fault {
	code := members["code"]
	agency, named := members["agency"]
	switch {
	case members["type"] != TypeProcedure:
		return bad("has an entry of a type that is not supported; the only one is " + TypeProcedure)
	case code == "":
		return bad("has an entry without code")
	case !procedure.ValidCode(code):
		return bad("has a code that no procedure can have")
	case named && agency != p.agency:
		return bad("has an entry of another agency")
	case slices.Contains(p.codes, code):
		return bad("has the procedure " + shown(code) + " twice")
	}
	p.codes = append(p.codes, code)
	return nil
}

// Unknown is the fault of a procedure that the client cannot ask for: not
// there, another agency's, switched off, or not in force at this time. Which
// of them, nobody is told.
func Unknown(code string) *oidc.Fault {
	return bad("names the procedure " + shown(code) + ", which this client's agency does not offer now")
}

// shown keeps a hostile text from filling an answer.
func shown(text string) string { return oidc.Printable(text[:min(len(text), 40)]) }
