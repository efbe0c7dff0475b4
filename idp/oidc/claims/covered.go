package claims

import (
	"context"
	"slices"

	"surety/idp/claim"
	"surety/idp/grant"
	"surety/idp/oidc/verified"
)

// Covered tells of each claim whether the client may have it: the consent
// behind the grant covers it, or the law gives it for a procedure. Where no
// consent is needed all that was asked for is covered.
func Covered(h grant.Holder, asked Request) func(name string) bool {
	return func(name string) bool {
		return h.Grant.ConsentID == "" || slices.Contains(h.Consented, name) || slices.Contains(asked.Law, name)
	}
}

// Verified is the answer to what was asked for as verified_claims, nil for
// nothing. Its values are the very same that the plain claims have.
//
// Errors: unavailable when it cannot be told what counts.
func Verified(ctx context.Context, s verified.Source, h grant.Holder, asked []verified.Asked, may func(string) bool) (any, error) {
	return s.Answer(ctx, h, asked, Values(h.Standing.Account, h.Person, claim.Verifiable()), may)
}
