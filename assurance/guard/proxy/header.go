package proxy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"surety/assurance/guard"
)

// The headers that tell the API who is there. They are worth something only if
// nothing but the proxy can reach the API, or if the assertion is verified,
// which says all that the others say.
const (
	HeaderAssertion  = "X-Surety-Assertion"
	HeaderSubject    = "X-Surety-Subject"
	HeaderClient     = "X-Surety-Client"
	HeaderLevel      = "X-Surety-Level"
	HeaderACR        = "X-Surety-Acr"
	HeaderAMR        = "X-Surety-Amr"
	HeaderMethod     = "X-Surety-Method"
	HeaderAuthTime   = "X-Surety-Auth-Time"
	HeaderProcedures = "X-Surety-Procedures"
	HeaderScope      = "X-Surety-Scope"
	HeaderTokenID    = "X-Surety-Token-Id"
)

// Headers lists all of them, for those who configure a proxy.
func Headers() []string {
	return []string{
		HeaderAssertion, HeaderSubject, HeaderClient, HeaderLevel, HeaderACR, HeaderAMR, HeaderMethod, HeaderAuthTime, HeaderProcedures,
		HeaderScope, HeaderTokenID,
	}
}

// identity returns the headers for a request with the token.
func (p *proxy) identity(method, path string, t guard.Token) (http.Header, error) {
	now := p.now()
	a := assertion{
		Issuer: assertionIssuer, Audience: p.audience, Issued: now.Unix(), Expires: now.Add(assertionLife).Unix(), Method: method, Path: path,
		Subject: t.Subject, ClientID: t.ClientID, TokenID: t.ID, SessionID: t.SessionID, Level: p.levels[t.ACR], ACR: t.ACR, AMR: t.AMR, By: t.Method,
		Procedures: p.ours(t.Procedures), Scopes: t.Scopes,
	}
	h := http.Header{}
	if !t.AuthTime.IsZero() {
		a.AuthTime = t.AuthTime.Unix()
		set(h, HeaderAuthTime, strconv.FormatInt(a.AuthTime, 10))
	}
	var codes []string
	for _, procedure := range a.Procedures {
		codes = append(codes, procedure.Code)
	}
	set(h, HeaderSubject, a.Subject)
	set(h, HeaderClient, a.ClientID)
	set(h, HeaderLevel, a.Level)
	set(h, HeaderACR, a.ACR)
	set(h, HeaderAMR, strings.Join(a.AMR, " "))
	set(h, HeaderMethod, a.By)
	set(h, HeaderProcedures, strings.Join(codes, " "))
	set(h, HeaderScope, strings.Join(a.Scopes, " "))
	set(h, HeaderTokenID, a.TokenID)
	signed, err := p.signer.sign(a)
	if err != nil {
		return nil, err
	}
	h.Set(HeaderAssertion, signed)
	return h, nil
}

// ours leaves out procedures of other agencies: in a list of codes nobody
// could tell them apart.
func (p *proxy) ours(all []guard.Procedure) []guard.Procedure {
	if p.agency == "" {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(one guard.Procedure) bool { return one.Agency != p.agency })
}

// set sets a header if the value can stand in one; the assertion has it always.
func set(h http.Header, name, value string) {
	if value != "" && !strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
		h.Set(name, value)
	}
}

// Names that proxies and servers are known to believe: who is there, and what
// was asked for. A request from outside has none of them left.
var (
	believedNames = []string{
		"authenticated-user", "proxy-user", "remote-email", "remote-groups", "remote-name", "remote-user", "true-client-ip", "forwarded",
		"x-client-ip", "x-real-ip", "x-email", "x-user", "x-user-email", "x-user-id", "x-userid", "x-user-name", "x-username",
		"x-http-method", "x-http-method-override", "x-method-override", "x-rewrite-url", "x-envoy-original-path",
	}
	believedPrefixes = []string{
		"x-surety-", "x-forwarded-", "x-original-", "x-auth-", "x-authenticated-", "x-remote-", "x-webauth-", "x-client-cert", "x-ssl-client-",
		"ssl-client-", "x-goog-authenticated-", "x-goog-iap-", "x-ms-client-principal", "x-amzn-oidc-",
	}
)

// strip takes out what must not come from outside. A name with anything but
// letters, digits and hyphens goes too: X_Surety_Subject becomes the same
// variable as X-Surety-Subject in CGI, WSGI, Rack and PHP.
func strip(h http.Header) {
	for name := range h {
		if believed(name) {
			delete(h, name)
		}
	}
}

func believed(name string) bool {
	if strings.ContainsFunc(name, func(c rune) bool {
		return c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) {
		return true
	}
	name = strings.ToLower(name)
	return slices.Contains(believedNames, name) || slices.ContainsFunc(believedPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
