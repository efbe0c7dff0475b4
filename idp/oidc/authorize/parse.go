package authorize

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
	"surety/idp/procedure"

	"github.com/ory/fosite"
)

// Bounds of single parameters.
const (
	maxNonce     = 1024 // bytes; stored until the code is used
	maxHint      = 320  // bytes of login_hint: the longest e-mail address
	maxACRValues = 20
	maxLocales   = 10
	maxResources = 10
	maxAgeDigits = 9
)

// asked is an authorization request as far as it has been understood.
type asked struct {
	form        url.Values // as it came
	client      *client.Client
	redirectURI string // registered; from here on faults go there
	state       string
	formPost    bool // response_mode=form_post
	challenge   string
	nonce       string
	request     interaction.Request
	// procedures are those of the request, as they are in force now.
	procedures []procedure.Procedure

	// parsed is what fosite made of it.
	parsed fosite.AuthorizeRequester
	// pending is the interaction it has become; nil for a request that has
	// just come in.
	pending *interaction.Interaction
	browser [32]byte // of pending
	// errorURI is where the client learns more about an error; often empty.
	errorURI string
}

// identify finds out for whom a request is and where its answer goes. Until
// both are certain nothing is ever sent anywhere: a redirect to an address
// that is not registered would make us a tool of whoever wrote the link.
func (e *Endpoint) identify(ctx context.Context, form url.Values) (*asked, *oidc.Failure) {
	a := &asked{form: form}
	locales := locales(form.Get("ui_locales"))
	failed := func(kind string, c *client.Client) *oidc.Failure {
		return &oidc.Failure{Status: http.StatusBadRequest, Kind: kind, Client: c, Locales: locales}
	}
	id, ok := oidc.ClientID(form.Get("client_id"))
	if !ok || len(form["client_id"]) > 1 || len(form["redirect_uri"]) > 1 {
		return nil, failed(oidc.FailedClient, nil)
	}
	var err error
	a.client, err = e.Clients.Client(ctx, id)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return nil, failed(oidc.FailedClient, nil)
	case err != nil:
		f := failureOf(err, nil)
		f.Locales = locales
		return nil, &f
	case a.client.Disabled():
		return nil, failed(oidc.FailedDisabled, a.client)
	}
	a.redirectURI = form.Get("redirect_uri")
	if a.redirectURI == "" || !a.client.RedirectAllowed(a.redirectURI) {
		return nil, failed(oidc.FailedClient, a.client)
	}
	a.request.ClientID, a.request.RedirectURI, a.request.UILocales = a.client.ID, a.redirectURI, locales
	a.recall()
	return a, nil
}

// recall reads what only the answer needs.
func (a *asked) recall() {
	if len(a.form["state"]) == 1 {
		a.state = a.form.Get("state")
	}
	a.formPost = len(a.form["response_mode"]) == 1 && a.form.Get("response_mode") == "form_post"
	a.challenge, a.nonce = a.form.Get("code_challenge"), a.form.Get("nonce")
}

// understand reads the rest of the request, in the order in which the
// standards describe it, and has fosite look at it as well.
func (e *Endpoint) understand(ctx context.Context, a *asked) *oidc.Fault {
	if f := oidc.CheckParameters(a.form, "resource"); f != nil {
		return f
	}
	for _, read := range []func(*asked) *oidc.Fault{
		readUnsupported, readResponse, readScope, readPKCE, readPrompt, readMaxAge, readLists, readResources,
		func(a *asked) *oidc.Fault { return e.readDetails(ctx, a) }, readClaims, e.readHint,
	} {
		if f := read(a); f != nil {
			return f
		}
	}
	return e.parse(ctx, a)
}

// readUnsupported refuses what must not be ignored silently (OpenID Connect
// Core 1.0, section 3.1.2.6).
func readUnsupported(a *asked) *oidc.Fault {
	for parameter, code := range map[string]string{
		"request": oidc.RequestNotSupported, "request_uri": oidc.RequestURINotSupported, "registration": oidc.RegistrationUnsupported,
	} {
		if a.form.Has(parameter) {
			return oidc.Bad(code, "the parameter "+parameter+" is not supported")
		}
	}
	return nil
}

func readResponse(a *asked) *oidc.Fault {
	switch {
	case !a.client.May(client.GrantAuthorizationCode):
		return oidc.Bad(oidc.UnauthorizedClient, "this client is not registered for the code flow")
	case a.form.Get("response_type") == "":
		return oidc.Bad(oidc.InvalidRequest, "response_type is missing")
	case a.form.Get("response_type") != "code":
		return oidc.Bad(oidc.UnsupportedResponseType, "response_type must be code")
	case !slices.Contains([]string{"", "query", "form_post"}, a.form.Get("response_mode")):
		return oidc.Bad(oidc.InvalidRequest, "response_mode must be query or form_post")
	case len(a.nonce) > maxNonce:
		return oidc.Bad(oidc.InvalidRequest, "nonce is too long")
	}
	return nil
}

// readScope takes the scopes that the client may have. offline_access means
// something only to clients that can refresh (OpenID Connect Core 1.0, section 11).
func readScope(a *asked) *oidc.Fault {
	scopes, refused := claims.Usable(a.form.Get("scope"), a.client.Scopes())
	if refused != "" {
		return oidc.Bad(oidc.InvalidScope, "this client is not registered for the scope "+refused)
	}
	if !a.client.May(client.GrantRefreshToken) {
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == claims.ScopeOffline })
	}
	a.request.Scopes = scopes
	a.request.Offline = slices.Contains(scopes, claims.ScopeOffline)
	return nil
}

// challengeShape is a SHA-256 hash in base64url.
var challengeShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// readPKCE demands S256 (RFC 9700, section 2.1.1), but of a confidential
// client that is registered to go without.
func readPKCE(a *asked) *oidc.Fault {
	method := a.form.Get("code_challenge_method")
	switch {
	case a.challenge == "" && method == "" && !a.client.PKCERequired():
		return nil
	case a.challenge == "":
		return oidc.Bad(oidc.InvalidRequest, "code_challenge is missing (RFC 7636)")
	case method != "S256":
		return oidc.Bad(oidc.InvalidRequest, "code_challenge_method must be S256")
	case !challengeShape.MatchString(a.challenge):
		return oidc.Bad(oidc.InvalidRequest, "code_challenge is not an S256 challenge")
	}
	return nil
}

func readPrompt(a *asked) *oidc.Fault {
	for _, p := range strings.Fields(a.form.Get("prompt")) {
		switch prompt := interaction.Prompt(p); prompt {
		case interaction.PromptNone, interaction.PromptLogin, interaction.PromptConsent, interaction.PromptSelectAccount:
			if !a.request.Has(prompt) {
				a.request.Prompts = append(a.request.Prompts, prompt)
			}
		default:
			return oidc.Bad(oidc.InvalidRequest, "prompt has a value that is not supported")
		}
	}
	if a.request.Has(interaction.PromptNone) && len(a.request.Prompts) > 1 {
		return oidc.Bad(oidc.InvalidRequest, "prompt none goes with no other")
	}
	return nil
}

// readMaxAge reads max_age, 0 included, or the client's default.
func readMaxAge(a *asked) *oidc.Fault {
	if !a.form.Has("max_age") {
		if age, ok := a.client.MaxAge(); ok {
			a.request.MaxAge = &age
		}
		return nil
	}
	text := a.form.Get("max_age")
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || len(text) > maxAgeDigits {
		return oidc.Bad(oidc.InvalidRequest, "max_age is not a number of seconds")
	}
	age := time.Duration(n) * time.Second
	a.request.MaxAge = &age
	return nil
}

func readLists(a *asked) *oidc.Fault {
	a.request.ACRValues = strings.Fields(a.form.Get("acr_values"))
	a.request.LoginHint = a.form.Get("login_hint")
	switch {
	case len(a.request.ACRValues) > maxACRValues:
		return oidc.Bad(oidc.InvalidRequest, "acr_values has too many values")
	case len(a.request.LoginHint) > maxHint:
		return oidc.Bad(oidc.InvalidRequest, "login_hint is too long")
	}
	return nil
}

// locales reads ui_locales. More than a person can read are cut off.
func locales(parameter string) []string {
	all := strings.Fields(parameter)
	return all[:min(len(all), maxLocales)]
}

// readResources reads resource (RFC 8707, section 2): as often as it is there.
func readResources(a *asked) *oidc.Fault {
	all := a.form["resource"]
	if len(all) > maxResources {
		return oidc.Bad(oidc.InvalidTarget, "too many resources")
	}
	for _, resource := range all {
		if !a.client.ResourceAllowed(resource) {
			return oidc.Bad(oidc.InvalidTarget, "this client is not registered for the resource")
		}
		if !slices.Contains(a.request.Audience, resource) {
			a.request.Audience = append(a.request.Audience, resource)
		}
	}
	return nil
}

// readClaims reads the claims parameter (OpenID Connect Core 1.0, section 5.5).
func readClaims(a *asked) *oidc.Fault {
	var c claims.Request
	if a.form.Has("claims") {
		var err error
		if c, err = claims.ParseRequest(a.form.Get("claims")); err != nil {
			return oidc.Bad(oidc.InvalidRequest, "claims is not a claims request").Because(err)
		}
	}
	c = c.For(a.procedures)
	a.request.EssentialACR = c.EssentialACR
	a.request.ACRValues = append(a.request.ACRValues, c.ACR...)
	a.request.HintSubject = c.Subject
	a.request.Claims = c.Normal()
	a.request.ConsentClaims = claims.ByConsent(claims.Names(a.request.Scopes, c), c)
	a.request.LawClaims = c.Law
	return nil
}

// readHint takes whom the client expects out of id_token_hint: a token of
// ours, for this client. An expired one will do.
func (e *Endpoint) readHint(a *asked) *oidc.Fault {
	hint := a.form.Get("id_token_hint")
	if hint == "" {
		return nil
	}
	t, err := claims.ParseHint(e.Keys(), e.Issuer, hint)
	if err != nil || t.Audience != a.client.ID {
		return oidc.Bad(oidc.InvalidRequest, "id_token_hint is not an ID token of ours for this client").Because(err)
	}
	if a.request.HintSubject != "" && a.request.HintSubject != t.Subject {
		return oidc.Bad(oidc.InvalidRequest, "id_token_hint and claims name different people")
	}
	a.request.HintSubject = t.Subject
	return nil
}
