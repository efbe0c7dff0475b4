package grant

import (
	"context"

	"surety/idp/grant"
	"surety/idp/postgres/db"
)

const selectGiven = `
	SELECT` + heldColumns + `,
		EXISTS (SELECT FROM revoked_token x WHERE x.jti = $4)
	FROM oauth_grant g` + heldJoins + `
	WHERE g.grant_id = $1`

// Given returns the whole grant behind an access token that somebody shows,
// with what is known of the person and whether this one token was revoked. The
// scopes and the audience of an opaque token are in Opaque; a signed one says
// them itself.
//
// Errors: not_found when there is no such grant, or the opaque token is over;
// unavailable.
func (s Store) Given(ctx context.Context, t grant.Shown) (grant.Token, error) {
	var given grant.Token
	if t.GrantID == "" {
		var err error
		if given, err = s.Opaque(ctx, t.Hash, t.Now, t.Civil); err != nil || given.Opaque.GrantID == "" {
			return given, err
		}
		t.GrantID = given.Opaque.GrantID
	}
	var row heldRow
	revoked := given.Revoked
	targets := append(row.targets(), &given.Revoked)
	if err := s.DB.QueryRow(ctx, selectGiven, string(t.GrantID), t.Now, t.Civil, t.JTI).Scan(targets...); err != nil {
		return grant.Token{}, db.Error("find what a token was given for", err)
	}
	given.Revoked = given.Revoked || revoked
	var err error
	given.Held, err = row.held()
	return given, err
}
