package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"surety/idp/web/templates"
)

// buffers keeps page buffers for reuse: a page is some 8 KiB.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled keeps one enormous page from staying in memory for ever.
const maxPooled = 256 << 10

// Page renders into a buffer first and then writes it with the status, so
// that a failing template gives a clean error page and never half a page.
func Page(w http.ResponseWriter, status int, render func(out io.Writer) error) error {
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= maxPooled {
			buffers.Put(buf)
		}
	}()
	if err := render(buf); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// The reader may be gone; there is nobody left to tell.
	_, _ = w.Write(buf.Bytes())
	return nil
}

// Again shows a form once more with what was wrong with it. An error that is
// not about the form is returned unchanged, for the wrapper.
func (s *Site) Again(w http.ResponseWriter, r *http.Request, err error, render func(out io.Writer, f templates.Frame) error) error {
	status, ok := formStatus(err)
	if !ok {
		return err
	}
	f := s.Frame(w, r)
	f.Problems = s.problems(err)
	if status == http.StatusTooManyRequests {
		if until, ok := untilOf(err); ok {
			setRetryAfter(w, until.Sub(s.now()))
		}
	}
	return Page(w, status, func(out io.Writer) error { return render(out, f) })
}

// problems collects what err says and adds how long a wait is to those that
// say until when.
func (s *Site) problems(err error) templates.Problems {
	all := templates.ProblemsOf(err)
	for i, p := range all {
		if until, ok := p.Args["until"].(time.Time); ok {
			all[i].Args = withMinutes(p.Args, until.Sub(s.now()))
		}
	}
	return all
}

// SeeOther answers a form with a redirect, so that reloading the next page
// does not send the form again.
func SeeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
