package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// challenge is what an API wants of the next token (RFC 6750, section 3;
// RFC 9470, section 3; procedure is Surety's own).
type challenge struct {
	code      string // error
	procedure string
	maxAge    time.Duration // negative: not asked
}

// The errors that another login can mend.
const (
	errorToken  = "invalid_token"
	errorStepUp = "insufficient_user_authentication"
)

// readChallenge reads the Bearer challenge of an answer. An API that refuses
// without one asks for a login, and says nothing else.
func readChallenge(h http.Header) challenge {
	c := challenge{maxAge: -1}
	scheme, rest, _ := strings.Cut(h.Get("WWW-Authenticate"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return c
	}
	for name, value := range parameters(rest) {
		switch name {
		case "error":
			c.code = value
		case "procedure":
			c.procedure = value
		case "max_age":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				c.maxAge = time.Duration(n) * time.Second
			}
		}
	}
	return c
}

// parameters reads name="value" pairs (RFC 9110, section 11.2). What is not
// one ends the reading: half of a challenge is still worth following.
func parameters(text string) map[string]string {
	out := map[string]string{}
	for text = strings.TrimLeft(text, " ,"); text != ""; text = strings.TrimLeft(text, " ,") {
		name, rest, ok := strings.Cut(text, "=")
		if !ok {
			return out
		}
		var value string
		if value, text, ok = quoted(rest); !ok {
			return out
		}
		out[strings.ToLower(strings.TrimSpace(name))] = value
	}
	return out
}

// quoted reads one value, in quotes or a bare word, and returns what follows.
func quoted(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ", ")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}
