package claim

import "slices"

// The scopes that Surety has for people (OpenID Connect Core 1.0, sections
// 5.4 and 11).
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopePhone   = "phone"
	ScopeOffline = "offline_access"
)

// Scopes lists them.
func Scopes() []string {
	return []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopePhone, ScopeOffline}
}

// The claims about a person. Patronymic is ours (RULES R10); Birthdate is the
// year alone when the rest is unknown. VerifiedClaims holds others, with how
// they were proven (OpenID Connect for Identity Assurance 1.0).
const (
	Name                = "name"
	GivenName           = "given_name"
	FamilyName          = "family_name"
	Patronymic          = "patronymic"
	Birthdate           = "birthdate"
	Locale              = "locale"
	UpdatedAt           = "updated_at"
	Email               = "email"
	EmailVerified       = "email_verified"
	PhoneNumber         = "phone_number"
	PhoneNumberVerified = "phone_number_verified"
	VerifiedClaims      = "verified_claims"
)

var byScope = map[string][]string{
	ScopeProfile: {Name, FamilyName, GivenName, Patronymic, Birthdate, Locale, UpdatedAt},
	ScopeEmail:   {Email, EmailVerified},
	ScopePhone:   {PhoneNumber, PhoneNumberVerified},
}

// known are the claims about a person that Surety has. No scope stands for
// VerifiedClaims: what it shall hold is asked for one by one.
var known = slices.Concat(byScope[ScopeProfile], byScope[ScopeEmail], byScope[ScopePhone], []string{VerifiedClaims})

// All lists the claims about a person, in the order in which they are shown.
func All() []string { return slices.Clone(known) }

// Known tells whether Surety has such a claim about people.
func Known(name string) bool { return slices.Contains(known, name) }

// Of tells whether the scope stands for the claim.
func Of(scope, name string) bool { return slices.Contains(byScope[scope], name) }

// Verifiable lists the claims that VerifiedClaims may hold: those that say who
// somebody is. An address that a code came back from is proven to be reachable,
// which email_verified says, and not to be the person's.
func Verifiable() []string { return []string{Name, FamilyName, GivenName, Patronymic, Birthdate} }
