// Package otelx stands in for the package of the same path that fosite
// imports; see package errorsx beside it for the reason.
package otelx

import (
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// End finishes a span and records *err, so that it can be deferred with the
// address of a named error result.
func End(span trace.Span, err *error) {
	defer span.End()
	if err == nil || *err == nil {
		return
	}
	span.RecordError(*err)
	span.SetStatus(codes.Error, (*err).Error())
}
