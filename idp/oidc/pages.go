package oidc

import (
	"net/http"
	"net/url"

	"surety/idp/client"
)

// The kinds of Failure, by the names that the pages give them.
const (
	FailedInternal  = "internal"   // our fault; only the reference helps
	FailedRequest   = "request"    // the request cannot be right
	FailedClient    = "client"     // unknown client or redirect address: no way back is safe
	FailedDisabled  = "agency_off" // the client is switched off
	FailedTooLarge  = "too_large"  // query or body too large
	FailedMethod    = "method"     // neither GET nor POST
	FailedExpired   = "expired"    // the interaction has ended by time, or belongs to another browser
	FailedCompleted = "completed"  // the interaction was finished, for example in another tab
	FailedDown      = "down"       // the database cannot be reached
)

// Pages are the pages that protocol endpoints show. Package idp/web implements
// them; each writes the whole answer, headers and status included.
type Pages interface {
	// Error shows why a request cannot go on, and the way back to the agency if one is safe.
	Error(w http.ResponseWriter, r *http.Request, f Failure)
	// FormPost sends an authorization response by POST (OAuth 2.0 Form Post Response Mode).
	FormPost(w http.ResponseWriter, r *http.Request, f FormPost)
	// ConfirmLogout asks whether to log out (OpenID Connect RP-Initiated Logout 1.0, section 2).
	ConfirmLogout(w http.ResponseWriter, r *http.Request, c ConfirmLogout)
}

// Failure is why a page is shown instead of the answer.
type Failure struct {
	Status  int            // HTTP status
	Kind    string         // one of the kinds above
	Client  *client.Client // the agency on whose behalf the person is here; nil if it is not known for sure
	Return  string         // address that brings the person back to the agency; may be empty
	Restart string         // address on this host that starts the request again; may be empty
	Locales []string       // ui_locales of the request, if it got that far
	Cause   error          // for the log only; may be nil
}

// FormPost is an authorization response that the browser posts to the client.
type FormPost struct {
	Client *client.Client
	Action string // the client's redirect URI
	Fields url.Values
	// Locales are the ui_locales of the request.
	Locales []string
}

// ConfirmLogout is a logout request that the person must confirm. The page
// posts Fields back unchanged to Action, with the button that was pressed.
type ConfirmLogout struct {
	Client  *client.Client // nil if no client is known
	Action  string
	Fields  url.Values
	Locales []string
}
