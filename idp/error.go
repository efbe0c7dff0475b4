package idp

import (
	"errors"
	"fmt"
)

// Code is the kind of an error, out of few, so that every edge (page, OAuth
// answer, command) can map it once.
type Code string

// The codes.
const (
	CodeInvalid     Code = "invalid"       // the input cannot be right
	CodeNotFound    Code = "not_found"     // nothing there, or nothing this caller may see
	CodeConflict    Code = "conflict"      // somebody else was first
	CodeForbidden   Code = "forbidden"     // known and refused
	CodeThrottled   Code = "throttled"     // too many tries; later it may work
	CodeExpired     Code = "expired"       // it was good once
	CodeLevelTooLow Code = "level_too_low" // more proof is needed
	CodeUnavailable Code = "unavailable"   // a part of the house is down; try again
)

// Coded is what every error of the rule folders and of idp offers to the
// edges. Rule folders declare their own small type with these methods.
type Coded interface {
	error
	ErrorCode() string
	MessageKey() string
	MessageArgs() map[string]any
}

// Error has two faces: a code and a text key for the person, and a cause for
// the operator's log. It never holds codes, tokens, passwords or numbers of people.
type Error struct {
	Code  Code
	Key   string         // text key for the person (package idp/text)
	Args  map[string]any // values for the text, safe to show
	Field string         // name of the form field at fault, if one is
	Cause error          // for the log only
}

// E returns an error of the given code whose text for the person has the given key.
func E(code Code, key string) *Error { return &Error{Code: code, Key: key} }

// Error gives the operator's face.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s (%s): %v", e.Code, e.Key, e.Cause)
	}
	return fmt.Sprintf("%s (%s)", e.Code, e.Key)
}

// Unwrap returns the hidden cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target says the same to a person, whatever cause, field
// or values either of them has: a copy made by Because or In is still the
// error that a package declared.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Key == e.Key
}

// ErrorCode returns the code as text.
func (e *Error) ErrorCode() string { return string(e.Code) }

// MessageKey returns the text key for the person.
func (e *Error) MessageKey() string { return e.Key }

// MessageArgs returns the values for the text.
func (e *Error) MessageArgs() map[string]any { return e.Args }

// Because returns a copy of e with a cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// In returns a copy of e that blames the form field.
func (e *Error) In(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// With returns a copy of e with one more value for its text.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Args = map[string]any{name: value}
	for k, v := range e.Args {
		if k != name {
			c.Args[k] = v
		}
	}
	return &c
}

// CodeOf returns the code of err, or "" if it has none: then it is an
// internal error and the person is told nothing but a reference.
func CodeOf(err error) Code {
	var c Coded
	if errors.As(err, &c) {
		return Code(c.ErrorCode())
	}
	return ""
}
