package verified

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"surety/idp/claim"
)

// Bounds of a request. The claims parameter as a whole has its own.
const (
	maxElements = 10  // of verified_claims
	maxEntries  = 10  // of evidence, and of any list below it
	maxClaims   = 100 // of one element
	maxValues   = 20  // of one values
	maxValue    = 300 // bytes of one value
	maxSeconds  = 9e9 // more does not fit a time.Duration
)

// ErrRequest means that a verified_claims member is not what the
// specification's schema describes.
var ErrRequest = errors.New("verified_claims refused")

func refused(why string) error { return fmt.Errorf("%w: %s", ErrRequest, why) }

// Asked is one element of a request for verified_claims, reduced to what can be
// told and what must be met.
type Asked struct {
	Verification Wanted  `json:"verification"`
	Claims       []Claim `json:"claims"` // at least one
}

// Claim is a claim that is asked for. One with Values is told only if it has
// one of them; an empty value stands for one of another type than ours are, and
// nobody has it.
type Claim struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitempty"`
}

// Wanted is what is asked of one part of verification, and below it. The zero
// value asks for the part, whatever it is.
type Wanted struct {
	Values []string `json:"values,omitempty"`
	MaxAge *int64   `json:"max_age,omitempty"` // seconds
	// Members are asked of a part that is an object.
	Members map[string]Wanted `json:"members,omitempty"`
	// Any are asked of the entries of a list: those stay that fit one of them.
	Any []Wanted `json:"any,omitempty"`
}

// constrains reports whether something here must be as asked. A part that we
// do not have cannot be.
func (w Wanted) constrains() bool {
	if len(w.Values) > 0 || w.MaxAge != nil || slices.ContainsFunc(w.Any, Wanted.constrains) {
		return true
	}
	for _, inner := range w.Members {
		if inner.constrains() {
			return true
		}
	}
	return false
}

// Names lists the claims that the elements ask for, each once.
func Names(asked []Asked) []string {
	var out []string
	for _, a := range asked {
		for _, c := range a.Claims {
			if !slices.Contains(out, c.Name) {
				out = append(out, c.Name)
			}
		}
	}
	return out
}

// Parse reads the verified_claims member of userinfo or id_token in a claims
// parameter: one element, or a list of them. The caller has seen to it that the
// text is JSON, small, not deep, and has no member twice. Elements that ask for
// no claim that can be verified are left out: nothing could come of them.
//
// Errors: ErrRequest.
func Parse(raw json.RawMessage) ([]Asked, error) {
	list := []json.RawMessage{raw}
	if first(raw) == '[' {
		if json.Unmarshal(raw, &list) != nil || len(list) > maxElements {
			return nil, refused("more elements than anybody needs")
		}
	}
	var out []Asked
	for _, one := range list {
		a, err := element(one)
		if err != nil {
			return nil, err
		}
		if len(a.Claims) > 0 {
			out = append(out, a)
		}
	}
	return out, nil
}

func element(raw json.RawMessage) (Asked, error) {
	members, err := object(raw)
	if err != nil {
		return Asked{}, err
	}
	verification, claims := members["verification"], members["claims"]
	if len(members) != 2 || first(verification) != '{' || len(claims) == 0 {
		return Asked{}, refused("an element is not verification and claims, and nothing else")
	}
	a := Asked{}
	if a.Claims, err = claimsOf(claims); err != nil {
		return Asked{}, err
	}
	if a.Verification, err = wanted("verification", verification); err != nil {
		return Asked{}, err
	}
	if _, ok := a.Verification.Members["trust_framework"]; !ok {
		return Asked{}, refused("trust_framework is not asked for")
	}
	return a, nil
}

// claimsOf reads the claims that are asked for. null asks for none. What we
// know nothing verified of is ignored.
func claimsOf(raw json.RawMessage) ([]Claim, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	members, err := object(raw)
	if err != nil {
		return nil, err
	}
	if len(members) == 0 || len(members) > maxClaims {
		return nil, refused("claims asks for nothing, or for more than there is")
	}
	var out []Claim
	for _, name := range claim.Verifiable() {
		if raw, ok := members[name]; ok {
			c, err := oneClaim(name, raw)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
			delete(members, name)
		}
	}
	for _, raw := range members {
		if string(raw) != "null" && first(raw) != '{' {
			return nil, refused("a claim is neither null nor an object")
		}
	}
	return out, nil
}

func oneClaim(name string, raw json.RawMessage) (Claim, error) {
	c := Claim{Name: name}
	if string(raw) == "null" {
		return c, nil
	}
	members, err := object(raw)
	if err != nil {
		return c, err
	}
	if err := essential(members["essential"]); err != nil {
		return c, err
	}
	c.Values, err = valuesOf(members, func(raw json.RawMessage) (string, error) {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return "", nil
		}
		return text, nil
	})
	return c, err
}

// toldParts are the parts of verification that an answer may have. Others are
// kept only where they must be as asked, which they cannot be.
var toldParts = []string{
	"trust_framework", "assurance_level", "time", "evidence",
	"type", "check_details", "check_method", "document_details", "date_of_expiry", "record", "attestation", "created_at",
}

// lists are the parts that are lists, with the member that the published schema
// demands of each entry.
var lists = map[string]string{"evidence": "type", "check_details": "check_method"}

// wanted reads what is asked of the part of that name.
func wanted(name string, raw json.RawMessage) (Wanted, error) {
	demanded, list := lists[name]
	switch {
	case first(raw) == '[':
		return wantedEntries(demanded, name, raw)
	case list:
		return Wanted{}, refused(name + " is not a list")
	case string(raw) == "null":
		return Wanted{}, nil
	}
	members, err := object(raw)
	if err != nil {
		return Wanted{}, err
	}
	var w Wanted
	if err := essential(members["essential"]); err != nil {
		return w, err
	}
	if w.Values, err = valuesOf(members, text); err != nil {
		return w, err
	}
	if w.MaxAge, err = maxAge(members["max_age"]); err != nil {
		return w, err
	}
	for _, reserved := range []string{"essential", "value", "values", "max_age", "purpose"} {
		delete(members, reserved)
	}
	for name, raw := range members {
		inner, err := wanted(name, raw)
		if err != nil {
			return w, err
		}
		if !slices.Contains(toldParts, name) && !inner.constrains() {
			continue
		}
		if w.Members == nil {
			w.Members = map[string]Wanted{}
		}
		w.Members[name] = inner
	}
	return w, nil
}

// wantedEntries reads what is asked of the entries of a list: each entry of the
// request is a filter and a template at once.
func wantedEntries(demanded, name string, raw json.RawMessage) (Wanted, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > maxEntries {
		return Wanted{}, refused(name + " is not a short list")
	}
	var w Wanted
	for _, raw := range list {
		if first(raw) != '{' {
			return Wanted{}, refused("an entry of " + name + " is not an object")
		}
		inner, err := wanted("", raw)
		if err != nil {
			return Wanted{}, err
		}
		named, ok := inner.Members[demanded]
		if demanded != "" && !ok {
			return Wanted{}, refused("an entry of " + name + " does not ask for " + demanded)
		}
		// An entry of evidence is for one type of it.
		if name == "evidence" && len(named.Values) != 1 {
			return Wanted{}, refused("an entry of evidence does not name one type")
		}
		w.Any = append(w.Any, inner)
	}
	return w, nil
}

// valuesOf reads value and values.
func valuesOf(members map[string]json.RawMessage, read func(json.RawMessage) (string, error)) ([]string, error) {
	var list []json.RawMessage
	if raw, ok := members["values"]; ok {
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > maxValues {
			return nil, refused("values is not a short list")
		}
	}
	if raw, ok := members["value"]; ok {
		list = append(list, raw)
	}
	var out []string
	for _, raw := range list {
		v, err := read(raw)
		if err != nil {
			return nil, err
		}
		if len(v) > maxValue {
			return nil, refused(fmt.Sprintf("a value is longer than %d bytes", maxValue))
		}
		out = append(out, v)
	}
	return out, nil
}

func text(raw json.RawMessage) (string, error) {
	var s string
	if first(raw) != '"' || json.Unmarshal(raw, &s) != nil {
		return "", refused("a value in verification is not a string")
	}
	return s, nil
}

func maxAge(raw json.RawMessage) (*int64, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var seconds float64 // JSON has one kind of number: 60, 60.0 and 6e1 are the same
	if first(raw) == 'n' || json.Unmarshal(raw, &seconds) != nil || seconds < 0 || seconds > maxSeconds || seconds != float64(int64(seconds)) {
		return nil, refused("max_age is not a number of seconds")
	}
	n := int64(seconds)
	return &n, nil
}

func essential(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "true" || string(raw) == "false" {
		return nil
	}
	return refused("essential is not a boolean")
}

func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return nil, refused("something is not an object")
	}
	return members, nil
}

// first is the first byte of a value, which tells its type; 0 for none.
func first(raw json.RawMessage) byte {
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}
