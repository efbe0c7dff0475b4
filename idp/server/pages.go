package server

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// pages shows what the protocol endpoints need a person to see. It joins
// idp/oidc, which knows no HTML, and idp/web, which knows no protocol.
type pages struct{ site *web.Site }

// keys of the texts for the kinds of failure.
var failureErrors = map[string]*idp.Error{
	oidc.FailedRequest:   idp.E(idp.CodeInvalid, "error.request"),
	oidc.FailedClient:    idp.E(idp.CodeInvalid, "error.client.unknown"),
	oidc.FailedDisabled:  idp.E(idp.CodeForbidden, "error.client.disabled"),
	oidc.FailedTooLarge:  idp.E(idp.CodeInvalid, "error.too_large"),
	oidc.FailedMethod:    idp.E(idp.CodeInvalid, "error.method"),
	oidc.FailedExpired:   idp.E(idp.CodeExpired, "error.interaction.expired"),
	oidc.FailedCompleted: idp.E(idp.CodeConflict, "error.interaction.completed"),
	oidc.FailedDown:      idp.E(idp.CodeUnavailable, "error.unavailable"),
}

// Error shows why a request cannot go on.
func (p pages) Error(w http.ResponseWriter, r *http.Request, f oidc.Failure) {
	p.adopt(w, r, f.Locales)
	cause := f.Cause
	if known, ok := failureErrors[f.Kind]; ok {
		cause = known.Because(f.Cause)
	} else if cause == nil {
		cause = errors.New("protocol endpoint failed without a cause")
	}
	back := web.WayBack{Return: f.Return, Restart: f.Restart}
	if f.Client != nil {
		back.Agency = f.Client.Name(p.site.Language(r))
	}
	p.site.Fail(w, r, back.Wrap(cause))
}

// FormPost sends an authorization response by POST.
func (p pages) FormPost(w http.ResponseWriter, r *http.Request, f oidc.FormPost) {
	p.adopt(w, r, f.Locales)
	frame := p.frame(w, r, f.Client)
	web.AllowRedirect(w, f.Action)
	v := templates.FormPost{Action: f.Action, Fields: fields(f.Fields)}
	p.write(w, r, func(out io.Writer) error { return p.site.Templates.FormPost(out, frame, v) })
}

// ConfirmLogout asks whether to log out.
func (p pages) ConfirmLogout(w http.ResponseWriter, r *http.Request, c oidc.ConfirmLogout) {
	p.adopt(w, r, c.Locales)
	frame := p.frame(w, r, c.Client)
	if c.Client != nil {
		web.AllowRedirect(w, c.Client.PostLogoutRedirectURIs...)
	}
	v := templates.LogOut{Action: c.Action, Hidden: fields(c.Fields)}
	p.write(w, r, func(out io.Writer) error { return p.site.Templates.LogOut(out, frame, v) })
}

func (p pages) frame(w http.ResponseWriter, r *http.Request, c *client.Client) templates.Frame {
	f := p.site.Frame(w, r)
	if c != nil {
		f.Agency = c.Name(f.Lang)
	}
	return f
}

func (p pages) adopt(w http.ResponseWriter, r *http.Request, locales []string) {
	if len(locales) > 0 {
		p.site.AdoptLocales(w, r, strings.Join(locales, " "))
	}
}

func (p pages) write(w http.ResponseWriter, r *http.Request, render func(io.Writer) error) {
	if err := web.Page(w, http.StatusOK, render); err != nil {
		p.site.Fail(w, r, err)
	}
}

// fields puts form values in the order of their names, so that the page is
// the same for the same answer.
func fields(values map[string][]string) []templates.Field {
	var out []templates.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[name] {
			out = append(out, templates.Field{Name: name, Value: v})
		}
	}
	return out
}
