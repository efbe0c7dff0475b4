package grant

import (
	"encoding/json"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp"
)

// Lifetimes are the numbers of RULES R11.
type Lifetimes struct {
	Code         time.Duration // 60 s
	AccessToken  time.Duration // 5 min
	IDToken      time.Duration // 5 min
	Refresh      time.Duration // 30 days, absolute, counted from the grant
	RefreshGrace time.Duration // 10 s in which a repeated refresh gets the same successor
}

// DefaultLifetimes are those of RULES R11 and DESIGN §4.
func DefaultLifetimes() Lifetimes {
	return Lifetimes{Code: time.Minute, AccessToken: 5 * time.Minute, IDToken: 5 * time.Minute, Refresh: 30 * 24 * time.Hour, RefreshGrace: 10 * time.Second}
}

// Grant is an authorization that a person gave to a client. It remembers what
// was asked and the uses it rests on, because every refresh decides anew.
type Grant struct {
	ID            idp.GrantID
	ClientID      idp.ClientID
	AccountID     idp.AccountID
	SessionID     idp.SessionID
	ConsentID     string
	Subject       string // this client's subject for the person
	SID           string // this client's name for the session
	Scopes        []string
	Audience      []string
	Offline       bool // survives the session (offline_access)
	Level         assurance.LevelName
	ACR           string // the value for the ID token
	AMR           []string
	Method        assurance.Method
	AuthTime      time.Time
	Stage         assurance.Stage // the stage that counted, however little the level asks for
	RequestedACR  []string
	MaxAge        *time.Duration
	PolicyVersion int
	// Agency and Procedures (codes) are what it was given for; every refresh
	// asks for what they require at that time.
	Agency     string
	Procedures []string
	Uses       []assurance.Use
	Claims     json.RawMessage // the claims parameter, normalised
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time
}

// Code is an authorization code as it is stored: hashed, bound to its request.
type Code struct {
	Hash        [32]byte
	GrantID     idp.GrantID
	RedirectURI string // as sent in the request; must come again
	Challenge   string // S256 challenge; empty when the client goes without
	Nonce       string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      time.Time
}

// Refresh is a refresh token as it is stored.
type Refresh struct {
	Hash      [32]byte
	GrantID   idp.GrantID
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

// Standing is everything besides the grant itself that decides whether it
// holds: read together with it, never copied into it.
type Standing struct {
	Account          idp.Account
	SessionOpen      bool
	ConsentWithdrawn bool
}

// Valid reports whether the grant holds at now (DESIGN §4): not revoked, not
// past its end, its session open or the grant offline, its consent standing,
// made after the account's tokens_valid_from, and the account usable.
func (g Grant) Valid(s Standing, now time.Time) bool {
	return g.RevokedAt.IsZero() && now.Before(g.ExpiresAt) && (s.SessionOpen || g.Offline) &&
		!s.ConsentWithdrawn && !g.CreatedAt.Before(s.Account.TokensValidFrom) && s.Account.Usable()
}

// Issue is everything that the last step of an authorization request writes
// at once (DESIGN §10): it holds only if all of it still stands at Now.
type Issue struct {
	Grant Grant
	Code  Code
	// IdleExpiresAt is the session's new idle end; zero when it is too early
	// to be worth a write.
	IdleExpiresAt time.Time
	// InteractionID is completed by this; empty when the request never became
	// an interaction. BrowserHash is the browser it must belong to.
	InteractionID idp.InteractionID
	BrowserHash   [32]byte
	Now           time.Time
}

// Held is a grant as it was found behind a code or a refresh token, with
// everything that decides whether it still holds.
type Held struct {
	Grant    Grant
	Standing Standing
	Code     Code    // set when it was found behind a code
	Refresh  Refresh // set when it was found behind a refresh token
}

// Valid reports whether the grant holds at now.
func (h Held) Valid(now time.Time) bool { return h.Grant.Valid(h.Standing, now) }

// Opaque is an access token that only Surety can read, as it is stored.
type Opaque struct {
	Hash     [32]byte
	GrantID  idp.GrantID // empty for client credentials
	ClientID idp.ClientID
	Scopes   []string
	Audience []string
	// Procedures are those of the grant's that the token is for.
	Procedures []string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time
}

// Redemption is what using a code or a refresh token writes at once.
type Redemption struct {
	Used    [32]byte // hash of the code or refresh token
	Refresh *Refresh // the refresh token that is given; nil for none
	Access  *Opaque  // the access token, if it is opaque; nil for a signed one
	JTI     string   // of the access token, for the audit; empty for an opaque one
	// Decided is the grant with what was decided anew, when the level is not
	// the one that is stored; nil when it is.
	Decided *Grant
	// GraceFrom lets a refresh token pass that was used at or after it.
	GraceFrom time.Time
	Now       time.Time
}

// Token is what is found behind an access token that somebody shows.
type Token struct {
	Held
	Opaque  Opaque // set when the token is opaque
	Revoked bool   // this one token was revoked, whatever its grant
}

// Valid reports whether the token holds at now: it was not revoked, and its
// grant holds. A token of no grant (client credentials) needs none.
func (t Token) Valid(now time.Time) bool {
	return !t.Revoked && (t.Grant.ID == "" || t.Held.Valid(now))
}

// Take writes down what the rules granted: the only source of a token's acr,
// amr, auth_time and method, and of its vector of trust. The uses it rests on
// stay as they are.
func (g *Grant) Take(r assurance.Rules, d assurance.Granted) {
	g.Level, g.ACR, g.AMR, g.AuthTime = d.Level, r.ACRFor(g.RequestedACR, d.Level), d.AMR, d.AuthTime
	g.PolicyVersion, g.Stage = r.Version, d.Why.Stage
	methods := make([]string, len(d.Methods))
	for i, m := range d.Methods {
		methods[i] = string(m)
	}
	g.Method = assurance.Method(strings.Join(methods, "+"))
}
