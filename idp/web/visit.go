package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"surety/idp/client"
	"surety/idp/flow/signin"
	"surety/idp/procedure"
	"surety/idp/session"
	"surety/idp/web/templates"
)

// Visit tells the use cases about the browser of this request. It gives the
// browser an id if it has none.
func (s *Site) Visit(w http.ResponseWriter, r *http.Request) session.Browser {
	return session.Browser{
		Hash:      session.BrowserHash(s.Browser(w, r)),
		Session:   s.Session(r),
		Source:    s.Source(r).String(),
		UserAgent: clip(r.UserAgent(), maxUserAgent),
		Language:  s.Language(r),
	}
}

// Until is how long it is until t.
func (s *Site) Until(t time.Time) time.Duration { return t.Sub(s.now()) }

// maxUserAgent bounds what a browser may call itself.
const maxUserAgent = 256

func clip(text string, bytes int) string {
	if len(text) > bytes {
		return text[:bytes]
	}
	return text
}

// Enter gives the browser the session that a use case has just opened. On a
// shared computer the cookie ends with the browser (RULES R11).
func (s *Site) Enter(w http.ResponseWriter, t session.Ticket) {
	keep := time.Duration(0)
	if !t.Shared {
		keep = t.ExpiresAt.Sub(s.now())
	}
	s.SetSession(w, t.Secret, keep)
}

// OnBehalf puts the agency's name into the frame and lets the page's forms
// end at the agency. A nil client changes nothing.
func OnBehalf(w http.ResponseWriter, f *templates.Frame, c *client.Client) {
	if c == nil {
		return
	}
	f.Agency = c.Name(f.Lang)
	AllowRedirect(w, c.RedirectURIs...)
}

// InPerson is how to get one of the procedures without an account, in the
// agency's words for the person (RULES R1); nil, which gives the general words,
// when it says nothing.
func InPerson(lang string, procedures ...procedure.Procedure) *templates.InPerson {
	for _, one := range procedures {
		text := one.InPerson.Texts[lang]
		if text == "" {
			text = one.InPerson.Texts["en"]
		}
		if text != "" || one.InPerson.Link != "" {
			return &templates.InPerson{Text: text, URI: one.InPerson.Link}
		}
	}
	return nil
}

// PathContinue is the dispatcher of pending requests: every page of one
// returns to it, and it knows what comes next.
const PathContinue = "/continue"

// Onward is where a person goes after a step: back to the dispatcher of the
// pending request, to the page of ours that sent them here, or to their own.
func Onward(r *http.Request) string {
	if id := InteractionOf(r); id != "" {
		return OnwardTo(id)
	}
	if page := ReturnOf(r); page != "" {
		return page
	}
	return "/account"
}

// ReturnOf is the page of ours to come back to after a step that another page
// needed first, or "". The form or the address names it, so it proves nothing;
// it never leads off this site (LocalPath).
func ReturnOf(r *http.Request) string {
	page := r.PostForm.Get("return")
	if page == "" {
		page = r.URL.Query().Get("return")
	}
	if page == "" || len(page) > maxComeBack {
		return ""
	}
	if page = LocalPath(page); page == "/" {
		return ""
	}
	return page
}

// LogInFirst leads to the log-in page because the page asked for needs
// somebody to be logged in, or, when fresh, to have logged in a moment ago.
// After that the person is back at the page.
func LogInFirst(w http.ResponseWriter, r *http.Request, page string, fresh bool) error {
	q := url.Values{"return": {LocalPath(page)}}
	if fresh {
		q.Set("fresh", "1")
	}
	return SeeOther(w, r, "/sign-in?"+q.Encode())
}

// OnwardTo is Onward for a pending request known by its id; empty means none.
func OnwardTo(interaction string) string {
	if interaction == "" {
		return "/account"
	}
	return PathContinue + "?interaction=" + interaction
}

// Elsewhere turns "another step of the request is due" into a way to it, and
// leaves every other error as it is.
func Elsewhere(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, signin.ErrElsewhere) {
		return SeeOther(w, r, Onward(r))
	}
	return err
}
