// Package errorsx stands in for the package of the same path that fosite
// imports. The original module links exporters and transports that Surety
// never uses; fosite itself needs only the names below.
package errorsx

import "github.com/pkg/errors"

type stackTracer interface{ StackTrace() errors.StackTrace }

// WithStack annotates err with a stack trace unless it already carries one.
func WithStack(err error) error {
	if _, ok := err.(stackTracer); ok {
		return err
	}
	return errors.WithStack(err)
}

// Cause returns the innermost error of a chain of annotations.
func Cause(err error) error { return errors.Cause(err) }

// StatusCodeCarrier is an error that knows its HTTP status code.
type StatusCodeCarrier interface{ StatusCode() int }

// StatusCarrier is an error that knows its HTTP status text.
type StatusCarrier interface{ Status() string }

// RequestIDCarrier is an error that knows the request it happened in.
type RequestIDCarrier interface{ RequestID() string }

// ReasonCarrier is an error that explains itself.
type ReasonCarrier interface{ Reason() string }

// DebugCarrier is an error with details for developers.
type DebugCarrier interface{ Debug() string }

// DetailsCarrier is an error with structured details.
type DetailsCarrier interface{ Details() map[string]any }
