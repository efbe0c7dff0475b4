package claims

import (
	"slices"
	"strings"

	"surety/idp/claim"
	"surety/idp/oidc/verified"
)

// The scopes that Surety has for people.
const (
	ScopeOpenID  = claim.ScopeOpenID
	ScopeProfile = claim.ScopeProfile
	ScopeEmail   = claim.ScopeEmail
	ScopePhone   = claim.ScopePhone
	ScopeOffline = claim.ScopeOffline
)

// Scopes lists them, for the provider's metadata.
func Scopes() []string { return claim.Scopes() }

// ForPeople tells whether the scope speaks about a person, so that a token
// without one cannot have it.
func ForPeople(scope string) bool { return slices.Contains(claim.Scopes(), scope) }

// The claims about a person.
const (
	Name                = claim.Name
	GivenName           = claim.GivenName
	FamilyName          = claim.FamilyName
	Patronymic          = claim.Patronymic
	Birthdate           = claim.Birthdate
	Locale              = claim.Locale
	UpdatedAt           = claim.UpdatedAt
	Email               = claim.Email
	EmailVerified       = claim.EmailVerified
	PhoneNumber         = claim.PhoneNumber
	PhoneNumberVerified = claim.PhoneNumberVerified
	VerifiedClaims      = claim.VerifiedClaims
)

// known are the claims about a person that Surety has.
var known = claim.All()

// Known tells whether Surety has such a claim about people.
func Known(name string) bool { return claim.Known(name) }

// Supported lists the claims for the provider's metadata (claims_supported):
// those about the person, and those about the login.
func Supported() []string {
	return append([]string{"sub", "iss", "auth_time", "acr", "amr", "sid", "method", "vot", "vtm"}, known...)
}

// Names lists the claims about the person that scopes and the claims
// parameter ask for together, each once, in the order of the catalogue.
// Consent must cover exactly these: those inside verified_claims too, and
// verified_claims itself, which tells how and when they were proven.
func Names(scopes []string, r Request) []string {
	inside := slices.Concat(verified.Names(r.VerifiedUserInfo), verified.Names(r.VerifiedIDToken))
	if len(inside) > 0 {
		inside = append(inside, VerifiedClaims)
	}
	return named(scopes, r, inside)
}

// Plain lists those of them that UserInfo answers with as plain claims. What is
// asked for inside verified_claims alone is told there, if it is verified, or
// not at all.
func Plain(scopes []string, r Request) []string {
	return slices.DeleteFunc(named(scopes, r, nil), func(n string) bool { return n == VerifiedClaims })
}

func named(scopes []string, r Request, more []string) []string {
	var out []string
	for _, name := range known {
		if r.asks(name) || slices.Contains(more, name) || slices.ContainsFunc(scopes, func(s string) bool { return claim.Of(s, name) }) {
			out = append(out, name)
		}
	}
	return out
}

// ByConsent lists those of the names that need the person's consent: all but
// what the law gives the agency (RULES R10).
func ByConsent(names []string, r Request) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(r.Law, n) })
}

// Usable lists the scopes out of a scope parameter that a client may have,
// each once. A client that registered none may have those for people. Values
// that are not known at all are ignored (OpenID Connect Core 1.0, section
// 3.1.2.1); one that exists and that this client may not have is refused.
func Usable(parameter string, registered []string) (usable []string, refused string) {
	for scope := range strings.FieldsSeq(parameter) {
		allowed := slices.Contains(registered, scope) || len(registered) == 0 && ForPeople(scope)
		switch {
		case allowed && !slices.Contains(usable, scope):
			usable = append(usable, scope)
		case !allowed && ForPeople(scope):
			return nil, scope
		}
	}
	return usable, ""
}
