package web

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"surety/idp"
	"surety/idp/throttle"
	"surety/idp/web/templates"
)

// Bounds on what a request may bring. More is never needed by a page, and a
// flood of large requests must not cost memory.
const (
	maxBody  = 64 << 10
	maxQuery = 16 << 10
)

// guard wraps the whole site: nothing that comes in reaches a route unbounded,
// and nothing that goes out lacks the headers.
func (s *Site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(withRequestID(r.Context(), newReference()), s.timeout)
		defer cancel()
		r = r.WithContext(ctx)
		out := &watched{ResponseWriter: w}
		defer s.rescue(out, r)
		s.setHeaders(out.Header(), RequestID(ctx))
		if len(r.URL.RawQuery) > maxQuery {
			s.Fail(out, r, idp.E(idp.CodeInvalid, "error.too_large"))
			return
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(out, r.Body, maxBody)
		}
		next.ServeHTTP(out, r)
	})
}

// rescue turns a panic into an error page, if nothing was written yet.
func (s *Site) rescue(w *watched, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	if w.written {
		s.logFailure(r, outcome{templates.FailedInternal, http.StatusInternalServerError}, err)
		panic(http.ErrAbortHandler) // the answer is cut off rather than passed for whole
	}
	s.Fail(w, r, err)
}

// watched remembers whether the answer has begun.
type watched struct {
	http.ResponseWriter
	written bool
}

// WriteHeader passes the status on.
func (w *watched) WriteHeader(status int) {
	w.written = true
	w.ResponseWriter.WriteHeader(status)
}

// Write passes the bytes on.
func (w *watched) Write(b []byte) (int, error) {
	w.written = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// page wraps the handler of a GET.
func (s *Site) page(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := parseForm(r)
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// form wraps the handler of a POST. The order matters: the browser's own word
// about the origin comes first because it needs no parsing of hostile bytes.
func (s *Site) form(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.checkFlood(r)
		if err == nil {
			err = s.checkForm(r)
		}
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// fail is Fail for pages. That a pending request has ended is told by its
// dispatcher, which alone knows how to begin again and the way back.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	var coded idp.Coded
	if errors.As(err, &coded) && strings.HasPrefix(coded.MessageKey(), "error.interaction.") && InteractionOf(r) != "" {
		http.Redirect(w, r, Onward(r), http.StatusSeeOther)
		return
	}
	s.Fail(w, r, err)
}

// checkFlood holds one source to a number of forms that no household and no
// office reaches, before anything about them costs more than a look at a map.
func (s *Site) checkFlood(r *http.Request) error {
	if s.flood == nil {
		return nil
	}
	return s.flood.Allow(s.now(), throttle.Source(s.Source(r).String()))
}

// checkForm reports why a form must not be believed.
func (s *Site) checkForm(r *http.Request) error {
	if err := s.cross.Check(r); err != nil {
		return idp.E(idp.CodeForbidden, "error.form").Because(err)
	}
	// Only this type can be sent by our forms; another means another sender.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return idp.E(idp.CodeInvalid, "error.request").Because(errors.New("form is not urlencoded"))
	}
	if err := parseForm(r); err != nil {
		return err
	}
	return s.checkFormToken(r)
}

// parseForm reads query and body and refuses what no browser of ours sends:
// broken escapes, and text that the database could not store.
func parseForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return idp.E(idp.CodeInvalid, "error.request").Because(fmt.Errorf("parse form: %w", err))
	}
	if !readable(r.Form) {
		return idp.E(idp.CodeInvalid, "error.request").Because(errors.New("form is not UTF-8 text"))
	}
	return nil
}

func readable(form url.Values) bool {
	for name, values := range form {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return false
			}
		}
	}
	return true
}

// methodNotAllowed says which methods the path has.
func (s *Site) methodNotAllowed(router *mux.Router) http.Handler {
	page := s.failure(templates.FailedMethod, http.StatusMethodNotAllowed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			probe := r.Clone(r.Context())
			probe.Method = method
			var match mux.RouteMatch
			if router.Match(probe, &match) && match.MatchErr == nil {
				allowed = append(allowed, method)
			}
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		page.ServeHTTP(w, r)
	})
}
