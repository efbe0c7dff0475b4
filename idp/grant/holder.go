package grant

import (
	"time"

	"surety/idp"
)

// Shown names an access token that somebody shows: a signed one by its grant
// and its own name, an opaque one by its hash.
type Shown struct {
	GrantID idp.GrantID
	JTI     string
	Hash    [32]byte // of an opaque token; then GrantID and JTI are empty
	// Personal says that the token's scopes ask for values about the person.
	// The claims parameter of the grant may ask for them besides.
	Personal bool
	Now      time.Time
	Civil    time.Time
}

// Holder is the person behind an access token, and what decides whether the
// token still opens anything.
type Holder struct {
	// Grant holds what validity and values need: ids, subject, offline,
	// claims, procedures, and its times.
	Grant Grant
	// Standing has the account's proofings only if the grant's claims ask for
	// verified ones.
	Standing Standing
	Scopes   []string   // of an opaque token, which may have fewer than its grant
	Audience []string   // of an opaque token
	Person   idp.Person // in clear
	// Consented are the claims that the consent behind the grant covers. They
	// count only where there is one (Grant.ConsentID).
	Consented []string
}
