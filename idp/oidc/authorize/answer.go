package authorize

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/oidc"
	"surety/idp/oidc/store"

	"github.com/ory/fosite"
)

// noState stands in where a request has no state, because fosite insists on
// one; it never leaves the house (FOSITE.md A7, 6).
const noState = "none"

// parse has fosite read the request: a second pair of eyes on what was
// understood, and the beginning of its pipeline. It sees only what it is to
// decide about.
func (e *Endpoint) parse(ctx context.Context, a *asked) *oidc.Fault {
	form := url.Values{
		"client_id":     {string(a.client.ID)},
		"redirect_uri":  {a.redirectURI},
		"response_type": a.form["response_type"],
		"scope":         {strings.Join(a.request.Scopes, " ")},
		"state":         {noState},
	}
	if mode := a.form.Get("response_mode"); mode != "" {
		form.Set("response_mode", mode)
	}
	ctx = store.With(ctx, &store.Work{Client: a.client})
	parsed, err := e.provider.NewAuthorizeRequest(ctx, &http.Request{Method: http.MethodGet, Form: form})
	if err != nil {
		return store.FaultOf(err)
	}
	a.parsed = parsed
	return nil
}

// codeHandler ends fosite's pipeline: it makes the code and writes it.
type codeHandler struct{ *Endpoint }

// HandleAuthorizeEndpointRequest makes a code and writes it with its grant.
func (h *codeHandler) HandleAuthorizeEndpointRequest(ctx context.Context, r fosite.AuthorizeRequester, answer fosite.AuthorizeResponder) error {
	if !r.GetResponseTypes().ExactOne("code") {
		return nil // nobody else is there, so fosite refuses it
	}
	issue := store.From(ctx).Issue
	var code string
	code, issue.Code.Hash = store.NewSecret()
	if err := h.Codes.Issue(ctx, *issue); err != nil {
		return err
	}
	answer.AddParameter("code", code)
	r.SetResponseTypeHandled("code")
	return nil
}

// answer sends parameters to the client: always with state, if there was one,
// and iss (RFC 9207).
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, a *asked, parameters url.Values) {
	if a.state != "" {
		parameters.Set("state", a.state)
	}
	parameters.Set("iss", e.Issuer)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	if a.formPost {
		e.Pages.FormPost(w, r, oidc.FormPost{Client: a.client, Action: a.redirectURI, Fields: parameters, Locales: a.request.UILocales})
		return
	}
	// The registered address is kept as it is written, its own query included.
	to, join := a.redirectURI, "?"
	if strings.Contains(to, "?") {
		join = "&"
	}
	h.Set("Location", to+join+parameters.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

// refuse answers with a fault at the redirect URI.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, a *asked, f *oidc.Fault) {
	if f.Status >= http.StatusInternalServerError {
		e.Log.LogAttrs(r.Context(), slog.LevelError, "authorization request failed",
			slog.String("client_id", string(a.client.ID)), slog.String("code", f.Code), slog.Any("error", f))
	}
	parameters := url.Values{"error": {f.Code}}
	if d := oidc.Printable(f.Description); d != "" {
		parameters.Set("error_description", d)
	}
	if a.errorURI != "" {
		parameters.Set("error_uri", a.errorURI)
	}
	e.answer(w, r, a, parameters)
}

// turnAway refuses a request that cannot go on: the client's mistakes are told
// to the client, ours to the person.
func (e *Endpoint) turnAway(w http.ResponseWriter, r *http.Request, a *asked, f *oidc.Fault) {
	if f.Status >= http.StatusInternalServerError {
		e.trouble(w, r, a, f)
		return
	}
	e.refuse(w, r, a, f)
}

// trouble answers with an error that is ours: a page, or, where no page may
// be shown, a fault.
func (e *Endpoint) trouble(w http.ResponseWriter, r *http.Request, a *asked, err error) {
	if a.request.Has(interaction.PromptNone) {
		e.refuse(w, r, a, oidc.FaultOf(err))
		return
	}
	e.Pages.Error(w, r, failureOf(err, a))
}

// descriptions tell the client's programmers what a failure of Next means.
var descriptions = map[interaction.Failure]string{
	interaction.FailLoginRequired:       "the person must log in, or another person was expected",
	interaction.FailConsentRequired:     "the person must agree first",
	interaction.FailAccountSelection:    "the person must choose an account",
	interaction.FailInteractionRequired: "the person must do something on a page first",
	interaction.FailUnmet:               "what the request or its procedures require is not met",
}

// faultOf is a failure of Next as the client gets it.
func faultOf(f interaction.Failure) *oidc.Fault { return oidc.Bad(string(f), descriptions[f]) }

// stale tells whether a write found that something it rests on had changed.
func stale(err error) bool { return idp.CodeOf(err) == idp.CodeConflict }
