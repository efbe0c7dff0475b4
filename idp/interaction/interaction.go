package interaction

import (
	"encoding/json"
	"net/url"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/session"
)

// Lifetime is how long a pending request is kept (RULES R11).
const Lifetime = 60 * time.Minute

// Prompt is a value of the prompt parameter (OpenID Connect Core, section 3.1.2.1).
type Prompt string

// The prompts.
const (
	PromptNone          Prompt = "none"
	PromptLogin         Prompt = "login"
	PromptConsent       Prompt = "consent"
	PromptSelectAccount Prompt = "select_account"
)

// Request is an authorization request as Surety understood it: validated,
// normalised, free of protocol library types.
type Request struct {
	ClientID    idp.ClientID `json:"client_id"`
	RedirectURI string       `json:"redirect_uri"`
	Scopes      []string     `json:"scopes"`
	Audience    []string     `json:"audience,omitempty"` // from resource (RFC 8707)
	Prompts     []Prompt     `json:"prompts,omitempty"`
	// MaxAge is the max_age parameter, or the client's default_max_age; nil when neither is there.
	MaxAge *time.Duration `json:"max_age,omitempty"`
	// ACRValues are the requested values in order of preference; voluntary.
	ACRValues []string `json:"acr_values,omitempty"`
	// EssentialACR are the values of an essential acr in the claims parameter.
	EssentialACR []string `json:"essential_acr,omitempty"`
	LoginHint    string   `json:"login_hint,omitempty"`
	UILocales    []string `json:"ui_locales,omitempty"`
	// HintSubject is sub of a valid id_token_hint: this client's subject for the person that is expected.
	HintSubject string `json:"hint_subject,omitempty"`
	// Agency and Procedures are the procedures (codes) of authorization_details
	// (RFC 9396); the agency is the client's own.
	Agency     string   `json:"agency,omitempty"`
	Procedures []string `json:"procedures,omitempty"`
	// Claims is the claims parameter (OpenID Connect Core, section 5.5), normalised.
	Claims json.RawMessage `json:"claims,omitempty"`
	// ConsentClaims are the claims (by name) that scopes and claims parameter ask for and consent must cover.
	ConsentClaims []string `json:"consent_claims,omitempty"`
	// LawClaims are those that the law gives the agency for these procedures
	// (RULES R10): shown to the person, not asked for.
	LawClaims  []string  `json:"law_claims,omitempty"`
	Offline    bool      `json:"offline,omitempty"` // offline_access is among the scopes
	ReceivedAt time.Time `json:"received_at"`
}

// Has reports whether the request carries the prompt.
func (r Request) Has(p Prompt) bool {
	for _, q := range r.Prompts {
		if q == p {
			return true
		}
	}
	return false
}

// Interaction is a pending authorization request, bound to one browser, with
// the facts that its steps have established so far.
type Interaction struct {
	ID      idp.InteractionID
	Request Request
	// Form holds the request's parameters as they came, so that the protocol
	// layer can validate them again when the person has done their part.
	Form url.Values

	AccountID       idp.AccountID // the account chosen, if one was
	AccountChosenAt time.Time
	ConsentID       string
	ConsentedAt     time.Time
	// StepUpDeclinedAt is when the person chose to go on without a level that
	// was only wished for; zero: they did not.
	StepUpDeclinedAt time.Time
	CompletedAt      time.Time
	Outcome          Outcome
	CreatedAt        time.Time
	ExpiresAt        time.Time
}

// Outcome says how an interaction ended.
type Outcome string

// The outcomes.
const (
	OutcomeIssued Outcome = "issued"
	OutcomeDenied Outcome = "denied"
	OutcomeFailed Outcome = "failed"
	OutcomeUnmet  Outcome = "unmet" // the person went back without what the requirement needs
)

// Pending reports whether the interaction can still go on.
func (i Interaction) Pending(now time.Time) bool {
	return i.CompletedAt.IsZero() && now.Before(i.ExpiresAt)
}

// Visitor is who the browser's session says is there.
type Visitor struct {
	SessionID idp.SessionID // empty when nobody is logged in
	Account   idp.Account
	Uses      []assurance.Use
	Session   session.Session // as stored, so that its idle end can move on
	// Authenticators are what the account could log in with; they open ways.
	Authenticators []assurance.Authenticator
	// Anchored says that a contact that was confirmed at proofing stands
	// unchanged, so that a code to it binds a new authenticator.
	Anchored bool
}

// Situation is everything that is known about the visitor at this moment.
func (v Visitor) Situation(now, civil time.Time) assurance.Situation {
	s := assurance.Situation{Now: now, Civil: civil}
	if v.Known() {
		s.Uses, s.Stage, s.Proofings = v.Uses, v.Account.Stage, v.Account.Proofings
		s.Authenticators, s.Anchored = v.Authenticators, v.Anchored
	}
	return s
}

// Known reports whether somebody is logged in.
func (v Visitor) Known() bool { return v.SessionID != "" }
