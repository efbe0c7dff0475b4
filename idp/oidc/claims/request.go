package claims

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"surety/idp/oidc/verified"
	"surety/idp/procedure"
)

// Bounds of the claims parameter. What a real request asks for is a tenth of this.
const (
	maxRequest = 8 << 10 // bytes
	maxClaims  = 100     // members of userinfo or id_token
	maxValues  = 20      // entries of one values
	maxValue   = 300     // bytes of one value
	maxDepth   = 14      // nested objects and lists: assurance_process of verified_claims is the deepest
)

// ErrRequest means that a claims parameter is not what OpenID Connect Core
// 1.0, section 5.5, describes.
var ErrRequest = errors.New("claims parameter refused")

// Request is the claims parameter, reduced to what Surety knows. The zero
// value asks for nothing.
type Request struct {
	// UserInfo and IDToken are the claims about the person asked for, by
	// name, each once. UserInfo answers with both (see Deviations in idp/oidc).
	UserInfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
	// VerifiedUserInfo and VerifiedIDToken are what is asked for as
	// verified_claims, each answered where it was asked for.
	VerifiedUserInfo []verified.Asked `json:"verified_userinfo,omitempty"`
	VerifiedIDToken  []verified.Asked `json:"verified_id_token,omitempty"`
	// EssentialACR are the values of an essential acr, of which one must be
	// reached, now and at every refresh.
	EssentialACR []string `json:"essential_acr,omitempty"`
	// Procedures are the claims that the request's procedures bring by consent,
	// Law those that the law gives the agency: no consent is asked for them. Both
	// come from what the operator registered, never from the parameter.
	Procedures []string `json:"procedures,omitempty"`
	Law        []string `json:"law,omitempty"`

	// What follows is taken into the authorization request and not kept here.

	// ACR are the values of a voluntary acr.
	ACR []string `json:"-"`
	// Subject is the value that sub must have (section 5.5.1): the person the client expects.
	Subject string `json:"-"`
}

// Empty reports whether there is nothing to remember.
func (r Request) Empty() bool {
	return len(r.UserInfo) == 0 && len(r.IDToken) == 0 && len(r.VerifiedUserInfo) == 0 && len(r.VerifiedIDToken) == 0 &&
		len(r.EssentialACR) == 0 && len(r.Procedures) == 0 && len(r.Law) == 0
}

// Normal is the form in which a grant keeps the request; nil for an empty one.
func (r Request) Normal() json.RawMessage {
	if r.Empty() {
		return nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

// Stored reads the form that Normal wrote.
func Stored(b json.RawMessage) (Request, error) {
	var r Request
	if len(b) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return Request{}, fmt.Errorf("read stored claims request: %w", err)
	}
	return r, nil
}

func (r Request) asks(claim string) bool {
	return slices.ContainsFunc([][]string{r.UserInfo, r.IDToken, r.Procedures, r.Law}, func(list []string) bool {
		return slices.Contains(list, claim)
	})
}

// For adds the claims that procedures bring. What several bring on different
// bases is given by law: who must be given it anyway is not asked.
func (r Request) For(procedures []procedure.Procedure) Request {
	for _, p := range procedures {
		for _, c := range p.Claims {
			list := &r.Procedures
			if c.Basis == procedure.BasisLaw {
				list = &r.Law
			}
			if Known(c.Name) && !slices.Contains(*list, c.Name) {
				*list = append(*list, c.Name)
			}
		}
	}
	return r
}

// member is what the parameter may say about one claim.
type member struct {
	essential bool
	values    []string // value and values that are strings
}

// ParseRequest reads a claims parameter. It is hostile input: bounded in
// every direction, no member twice, every known member of the right type.
// Claims and members that Surety does not know are ignored (section 5.5).
//
// Errors: ErrRequest.
func ParseRequest(parameter string) (Request, error) {
	var r Request
	if len(parameter) > maxRequest {
		return r, fmt.Errorf("%w: longer than %d bytes", ErrRequest, maxRequest)
	}
	if err := checkShape([]byte(parameter)); err != nil {
		return r, err
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(parameter), &top); err != nil || top == nil {
		return r, fmt.Errorf("%w: not an object", ErrRequest)
	}
	userInfo, inUserInfo, err := section(top["userinfo"])
	if err != nil {
		return r, err
	}
	idToken, inIDToken, err := section(top["id_token"])
	if err != nil {
		return r, err
	}
	r.VerifiedUserInfo, r.VerifiedIDToken = inUserInfo, inIDToken
	r.UserInfo, r.IDToken = knownOf(userInfo), knownOf(idToken)
	if acr, ok := idToken["acr"]; ok && acr.essential {
		r.EssentialACR = acr.values
	} else if ok {
		r.ACR = acr.values
	}
	r.Subject, err = subjectOf(idToken, userInfo)
	return r, err
}

// subjectOf is the value asked for sub. Two different ones can never be met.
func subjectOf(sections ...map[string]member) (string, error) {
	subject := ""
	for _, s := range sections {
		for _, v := range s["sub"].values {
			if subject != "" && v != subject {
				return "", fmt.Errorf("%w: several values for sub", ErrRequest)
			}
			subject = v
		}
	}
	return subject, nil
}

func knownOf(s map[string]member) []string {
	var out []string
	for _, claim := range known {
		if _, ok := s[claim]; ok {
			out = append(out, claim)
		}
	}
	return out
}

// section reads userinfo or id_token: its plain claims, and verified_claims.
func section(raw json.RawMessage) (map[string]member, []verified.Asked, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, nil, fmt.Errorf("%w: userinfo or id_token is not an object", ErrRequest)
	}
	if len(all) > maxClaims {
		return nil, nil, fmt.Errorf("%w: more than %d claims", ErrRequest, maxClaims)
	}
	var asked []verified.Asked
	if raw, ok := all[VerifiedClaims]; ok {
		var err error
		if asked, err = verified.Parse(raw); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrRequest, err)
		}
		delete(all, VerifiedClaims)
	}
	out := make(map[string]member, len(all))
	for name, raw := range all {
		m, err := parseMember(raw)
		if err != nil {
			return nil, nil, err
		}
		out[name] = m
	}
	return out, asked, nil
}

// parseMember reads null or {essential, value, values}.
func parseMember(raw json.RawMessage) (member, error) {
	var m member
	if string(raw) == "null" {
		return m, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return m, fmt.Errorf("%w: a claim is neither null nor an object", ErrRequest)
	}
	if e, ok := all["essential"]; ok {
		if string(e) != "true" && string(e) != "false" {
			return m, fmt.Errorf("%w: essential is not a boolean", ErrRequest)
		}
		m.essential = string(e) == "true"
	}
	var list []json.RawMessage
	if v, ok := all["values"]; ok {
		if err := json.Unmarshal(v, &list); err != nil || list == nil || len(list) > maxValues {
			return m, fmt.Errorf("%w: values is not a short list", ErrRequest)
		}
	}
	if v, ok := all["value"]; ok {
		list = append(list, v)
	}
	for _, v := range list {
		var s string
		if json.Unmarshal(v, &s) != nil {
			continue // a value of another type than any that we compare
		}
		if len(s) > maxValue {
			return m, fmt.Errorf("%w: a value is longer than %d bytes", ErrRequest, maxValue)
		}
		m.values = append(m.values, s)
	}
	return m, nil
}

// checkShape refuses what encoding/json lets pass: a member given twice, of
// which the last would silently win, deep nesting, and text after the value.
func checkShape(text []byte) error {
	if !json.Valid(text) {
		return fmt.Errorf("%w: not JSON", ErrRequest)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := checkValue(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%w: text after the value", ErrRequest)
	}
	return nil
}

// checkValue reads one value of valid JSON.
func checkValue(dec *json.Decoder, depth int) error {
	token, err := dec.Token()
	if err != nil || depth > maxDepth {
		return fmt.Errorf("%w: not JSON, or nested too deep", ErrRequest)
	}
	switch token {
	case json.Delim('{'):
		seen := map[string]bool{}
		for dec.More() {
			token, err := dec.Token()
			name, ok := token.(string)
			if err != nil || !ok || seen[name] {
				return fmt.Errorf("%w: a member is there twice", ErrRequest)
			}
			seen[name] = true
			if err := checkValue(dec, depth+1); err != nil {
				return err
			}
		}
	case json.Delim('['):
		for dec.More() {
			if err := checkValue(dec, depth+1); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	if _, err := dec.Token(); err != nil { // the closing delimiter
		return fmt.Errorf("%w: not JSON", ErrRequest)
	}
	return nil
}
