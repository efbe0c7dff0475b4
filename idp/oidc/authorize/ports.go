package authorize

import (
	"context"
	"net/http"
	"time"

	"surety/consent"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/interaction"
	"surety/idp/procedure"
)

// Procedures finds what agencies offer, from memory if it can.
type Procedures interface {
	// InForce returns the procedures of the agency with these codes, as they
	// are at this civil time, in the order of the codes.
	//
	// Errors: not_found with the argument "code", unavailable.
	InForce(ctx context.Context, agency string, codes []string, civil time.Time) ([]procedure.Procedure, error)
}

// Visits tells who is in the browser and what they agreed to. Each method is
// one round trip to the database.
type Visits interface {
	// Visitor returns who is behind the value of the session cookie. It is a
	// Visitor that is not Known, without error, when secret is empty, when no
	// session has it, and when its session is over at now.
	// Visitor.Session is filled as stored, so that its idle end can move on.
	//
	// Errors: unavailable.
	Visitor(ctx context.Context, secret string, now time.Time) (interaction.Visitor, error)
	// Consent returns the consent that stands between the account and the
	// client: neither withdrawn nor superseded. It is the zero Record, without
	// error, when there is none.
	//
	// Errors: unavailable.
	Consent(ctx context.Context, account idp.AccountID, client idp.ClientID) (consent.Record, error)
}

// Interactions keeps pending requests, each bound to one browser by the
// SHA-256 hash of its id (see Browser).
type Interactions interface {
	// Open stores a new pending request.
	//
	// Errors: unavailable.
	Open(ctx context.Context, browser [32]byte, i interaction.Interaction) error
	// Load returns the request, also when it is completed or expired: the
	// caller asks Pending and needs the client either way.
	//
	// Errors: not_found when there is none; forbidden when it belongs to
	// another browser, and then of the Interaction that is returned beside the
	// error nothing is set but ID and Request.ClientID; unavailable.
	Load(ctx context.Context, browser [32]byte, id idp.InteractionID) (interaction.Interaction, error)
	// Claim binds a pending request to another browser, once: by one
	// conditional UPDATE of its browser. A request that came by a cross-site
	// POST is bound to a one-time token until the browser, whose cookies such
	// a POST does not carry, comes back by GET.
	//
	// Errors: conflict when it is not bound to from, completed or expired;
	// unavailable.
	Claim(ctx context.Context, id idp.InteractionID, from, to [32]byte, now time.Time) error
	// Finish completes the request with an outcome, once: by one conditional
	// UPDATE. Requests that end in a code are completed by Codes.Issue instead.
	//
	// Errors: conflict when it is completed or expired already, or not this
	// browser's; unavailable.
	Finish(ctx context.Context, browser [32]byte, id idp.InteractionID, outcome interaction.Outcome, now time.Time) error
}

// Clients finds relying parties, from memory if it can.
type Clients interface {
	// Client returns the client, also when it is disabled.
	//
	// Errors: not_found, unavailable.
	Client(ctx context.Context, id idp.ClientID) (*client.Client, error)
}

// Codes writes what an authorization leaves behind.
type Codes interface {
	// Issue writes grant, code and audit event, moves the session's idle end
	// on, and completes the interaction, all in one statement and only if
	// session, account, consent and interaction still stand at i.Now.
	//
	// Errors: conflict when one of them does not stand any more, and then
	// nothing is written; unavailable.
	Issue(ctx context.Context, i grant.Issue) error
	// KeepOutcome stores what the client may fetch about a request that was not met.
	//
	// Errors: unavailable.
	KeepOutcome(ctx context.Context, o grant.Outcome) error
}

// Browser reads the cookies that name a browser, and gives it one. Site of
// package idp/web is one. Interactions are bound to the SHA-256 hash of the
// browser's id.
type Browser interface {
	// Session returns the secret of the session cookie, or "".
	Session(r *http.Request) string
	// Browser returns the id of this browser and gives it one if it has none.
	Browser(w http.ResponseWriter, r *http.Request) string
	// KnownBrowser returns the id that the browser brought, or "".
	KnownBrowser(r *http.Request) string
}
