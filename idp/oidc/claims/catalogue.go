package claims

import (
	"slices"
	"strings"
)

// The scopes that Surety has for people (OpenID Connect Core 1.0, sections
// 5.4 and 11).
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopePhone   = "phone"
	ScopeOffline = "offline_access"
)

// Scopes lists them, for the provider's metadata.
func Scopes() []string {
	return []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeOffline}
}

// ForPeople tells whether the scope speaks about a person, so that a token
// without one cannot have it.
func ForPeople(scope string) bool {
	switch scope {
	case ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeOffline:
		return true
	}
	return false
}

// The claims about a person. Patronymic is ours (RULES R10).
const (
	Name                = "name"
	GivenName           = "given_name"
	FamilyName          = "family_name"
	Patronymic          = "patronymic"
	Locale              = "locale"
	UpdatedAt           = "updated_at"
	Email               = "email"
	EmailVerified       = "email_verified"
	PhoneNumber         = "phone_number"
	PhoneNumberVerified = "phone_number_verified"
)

var scopeClaims = map[string][]string{
	ScopeProfile: {Name, FamilyName, GivenName, Patronymic, Locale, UpdatedAt},
	ScopeEmail:   {Email, EmailVerified},
	ScopePhone:   {PhoneNumber, PhoneNumberVerified},
}

// known are the claims about a person that Surety has.
var known = slices.Concat(scopeClaims[ScopeProfile], scopeClaims[ScopeEmail], scopeClaims[ScopePhone])

// Known tells whether Surety has such a claim about people.
func Known(claim string) bool { return slices.Contains(known, claim) }

// Supported lists the claims for the provider's metadata (claims_supported):
// those about the person, and those about the login.
func Supported() []string {
	return append([]string{"sub", "iss", "auth_time", "acr", "amr", "sid", "method"}, known...)
}

// Names lists the claims about the person that scopes and the claims
// parameter ask for together, each once, in the order of the catalogue.
// Consent must cover exactly these, and UserInfo answers with no others.
func Names(scopes []string, r Request) []string {
	var out []string
	for _, claim := range known {
		if r.asks(claim) || slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(scopeClaims[s], claim) }) {
			out = append(out, claim)
		}
	}
	return out
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
