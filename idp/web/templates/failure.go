package templates

import (
	"io"
	"time"
)

// Failure kinds. Each has its own title, explanation and advice: the text
// keys failure.<kind>.title, .what and .next.
const (
	FailedInternal  = "internal"   // our fault; only the reference helps
	FailedRequest   = "request"    // the request cannot be right
	FailedClient    = "client"     // unknown client or redirect address: the agency's site is at fault, no way back is safe
	FailedForbidden = "forbidden"  // refused
	FailedForm      = "form"       // the form's token or origin is not ours: too old, or sent by another site
	FailedNotFound  = "not_found"  // no such page
	FailedMethod    = "method"     // method not allowed
	FailedTooLarge  = "too_large"  // body or query too large
	FailedExpired   = "expired"    // the interaction has ended by time
	FailedCompleted = "completed"  // the interaction was finished in another tab
	FailedStale     = "stale"      // a link or code that is used up
	FailedThrottled = "throttled"  // too many tries
	FailedBusy      = "busy"       // the hash queue is full
	FailedDown      = "down"       // the database cannot be reached
	FailedLevel     = "level"      // more proof is needed than this person has
	FailedConflict  = "conflict"   // somebody else was first
	FailedTimeout   = "timeout"    // it took too long
	FailedAgency    = "agency_off" // the agency is switched off
)

// Failure is any page that says why something did not work, and what to do.
type Failure struct {
	Kind       string         // one of the kinds above
	Key        string         // text key with more words from the rule that refused; may be empty
	Args       map[string]any // values for Key
	Reference  string         // request id, which staff can look up (RULES R12)
	Until      time.Time      // throttled: when it may be tried again
	Wait       time.Duration  // throttled, busy, down: how long that is
	Restart    string         // address that starts the interaction again
	Return     string         // address that brings the person back to the agency (its name is in the frame)
	NoInPerson bool           // leaves out "without an account": operators' pages
}

// Failure renders an error page.
func (t *Templates) Failure(w io.Writer, f Frame, v Failure) error {
	return t.render(w, "failure", f, v)
}
