package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/web/templates"
)

// WayBack is what an error page about an interaction offers. Handlers wrap
// their errors with it when they know the agency.
type WayBack struct {
	Agency  string // name
	Return  string // address that brings the person back to it
	Restart string // address that starts again
}

// Wrap returns err with the way back.
func (b WayBack) Wrap(err error) error {
	if err == nil {
		return nil
	}
	return &wayBackError{back: b, cause: err}
}

type wayBackError struct {
	back  WayBack
	cause error
}

func (e *wayBackError) Error() string { return e.cause.Error() }
func (e *wayBackError) Unwrap() error { return e.cause }

// kindByKey maps what rules say to pages by text key, where one code has
// several pages; the pages of these keys say all there is to say.
var kindByKey = map[string]string{
	"error.busy":                  templates.FailedBusy,
	"error.interaction.expired":   templates.FailedExpired,
	"error.interaction.unknown":   templates.FailedExpired,
	"error.interaction.completed": templates.FailedCompleted,
	"error.form":                  templates.FailedForm,
	"error.client.unknown":        templates.FailedClient,
	"error.client.redirect":       templates.FailedClient,
	"error.client.disabled":       templates.FailedAgency,
	"error.client.down":           templates.FailedAgency,
	"error.too_large":             templates.FailedTooLarge,
	"error.method":                templates.FailedMethod,
	"error.request":               templates.FailedRequest,
	"error.throttled":             templates.FailedThrottled,
	"error.not_found":             templates.FailedNotFound,
	"error.forbidden":             templates.FailedForbidden,
	"error.unavailable":           templates.FailedDown,
}

type outcome struct {
	kind   string
	status int
}

var outcomeByCode = map[idp.Code]outcome{
	idp.CodeInvalid:     {templates.FailedRequest, http.StatusBadRequest},
	idp.CodeNotFound:    {templates.FailedNotFound, http.StatusNotFound},
	idp.CodeConflict:    {templates.FailedConflict, http.StatusConflict},
	idp.CodeForbidden:   {templates.FailedForbidden, http.StatusForbidden},
	idp.CodeThrottled:   {templates.FailedThrottled, http.StatusTooManyRequests},
	idp.CodeExpired:     {templates.FailedStale, http.StatusGone},
	idp.CodeLevelTooLow: {templates.FailedLevel, http.StatusForbidden},
	idp.CodeUnavailable: {templates.FailedDown, http.StatusServiceUnavailable},
}

// statusByKind are the pages whose status says more than the code.
var statusByKind = map[string]int{
	templates.FailedTooLarge: http.StatusRequestEntityTooLarge,
	templates.FailedMethod:   http.StatusMethodNotAllowed,
}

// classify names the page and the status of an error.
func classify(err error) outcome {
	var coded idp.Coded
	var tooLarge *http.MaxBytesError
	var network *net.OpError
	switch {
	case errors.As(err, &tooLarge):
		return outcome{templates.FailedTooLarge, http.StatusRequestEntityTooLarge}
	case errors.As(err, &coded):
		o, ok := outcomeByCode[idp.Code(coded.ErrorCode())]
		if !ok {
			return outcome{templates.FailedInternal, http.StatusInternalServerError}
		}
		if kind, ok := kindByKey[coded.MessageKey()]; ok {
			o.kind = kind
		}
		if status, ok := statusByKind[o.kind]; ok {
			o.status = status
		}
		return o
	case errors.Is(err, context.DeadlineExceeded):
		return outcome{templates.FailedTimeout, http.StatusServiceUnavailable}
	case errors.As(err, &network):
		// Whatever we could not reach, trying again later is the right advice.
		return outcome{templates.FailedDown, http.StatusServiceUnavailable}
	}
	return outcome{templates.FailedInternal, http.StatusInternalServerError}
}

// formStatus returns the status with which a form is shown again, and whether
// err is about the form at all.
func formStatus(err error) (int, bool) {
	problems := templates.ProblemsOf(err)
	if problems == nil {
		return 0, false
	}
	switch idp.CodeOf(err) {
	case idp.CodeThrottled:
		return http.StatusTooManyRequests, true
	case idp.CodeInvalid, idp.CodeConflict, idp.CodeExpired, idp.CodeForbidden:
		if _, page := kindByKey[problems[0].Key]; page {
			return 0, false
		}
		return http.StatusUnprocessableEntity, true
	}
	return 0, false
}

// Waits that are told when the error says none itself.
const (
	busyWait = 5 * time.Second
	downWait = 15 * time.Second
)

// Fail writes the page for err and one line in the log. Protocol endpoints
// use it when a person is looking (DESIGN §8, Pages.Error).
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == context.Canceled {
		return // the browser is gone
	}
	o := classify(err)
	s.logFailure(r, o, err)
	v := templates.Failure{Kind: o.kind, Reference: RequestID(r.Context())}
	var coded idp.Coded
	if errors.As(err, &coded) {
		v.Args = coded.MessageArgs()
		if _, whole := kindByKey[coded.MessageKey()]; !whole {
			v.Key = coded.MessageKey()
		}
	}
	if until, ok := untilOf(err); ok {
		v.Until, v.Wait = until, until.Sub(s.now())
		v.Args = withMinutes(v.Args, v.Wait)
	}
	switch {
	case v.Wait > 0:
	case o.kind == templates.FailedBusy:
		v.Wait = busyWait
	case o.status == http.StatusServiceUnavailable:
		v.Wait = downWait
	}
	if v.Wait > 0 {
		setRetryAfter(w, v.Wait)
	}
	f := s.Frame(w, r)
	var back *wayBackError
	if errors.As(err, &back) {
		f.Agency, v.Return, v.Restart = back.back.Agency, back.back.Return, back.back.Restart
	}
	v.NoInPerson = strings.HasPrefix(r.URL.Path, "/operator")
	s.writeFailure(w, r, o.status, f, v)
}

// writeFailure writes the page; if even that fails, plain text must do.
func (s *Site) writeFailure(w http.ResponseWriter, r *http.Request, status int, f templates.Frame, v templates.Failure) {
	err := Page(w, status, func(out io.Writer) error { return s.Templates.Failure(out, f, v) })
	if err != nil {
		s.log.ErrorContext(r.Context(), "error page cannot be rendered", slog.Any("error", err))
		http.Error(w, http.StatusText(status)+"\n"+v.Reference, status)
	}
}

// errNoRoute is logged for what nothing of ours answers: the reference on that
// page, too, must be one that staff can look up.
var errNoRoute = errors.New("no page or endpoint has this path and method")

// failure answers every request with one kind of error page.
func (s *Site) failure(kind string, status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.logFailure(r, outcome{kind, status}, errNoRoute)
		s.writeFailure(w, r, status, s.Frame(w, r), templates.Failure{
			Kind: kind, Reference: RequestID(r.Context()), NoInPerson: strings.HasPrefix(r.URL.Path, "/operator"),
		})
	})
}

// logFailure writes the one line of a failed request: what people did wrong
// at level info, what we did wrong at level error.
func (s *Site) logFailure(r *http.Request, o outcome, err error) {
	level := slog.LevelInfo
	if o.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.log.LogAttrs(r.Context(), level, "request failed",
		slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", o.status), slog.String("kind", o.kind), slog.Any("error", err))
}

// untilOf returns when err says that it may be tried again: the argument
// until, a time.
func untilOf(err error) (time.Time, bool) {
	var coded idp.Coded
	if !errors.As(err, &coded) {
		return time.Time{}, false
	}
	until, ok := coded.MessageArgs()["until"].(time.Time)
	return until, ok && !until.IsZero()
}

// withMinutes returns args with count, the minutes of the wait, rounded up.
func withMinutes(args map[string]any, wait time.Duration) map[string]any {
	c := maps.Clone(args)
	if c == nil {
		c = map[string]any{}
	}
	c["count"] = max(1, int(math.Ceil(wait.Minutes())))
	return c
}

func setRetryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
}
