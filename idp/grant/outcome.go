package grant

import (
	"encoding/json"
	"time"

	"surety/idp"
)

// OutcomeLifetime is how long a client may fetch what came of a request
// (RULES R10).
const OutcomeLifetime = 10 * time.Minute

// Outcome is what a client may fetch, once, about a request whose requirement
// was not met. The redirect names only Hash's preimage: what lies in a
// browser's history says nothing about the person.
type Outcome struct {
	Hash      [32]byte // of the reference
	ClientID  idp.ClientID
	AccountID idp.AccountID // empty when nobody was logged in
	Body      json.RawMessage
	// Attrs go into the audit: kinds and names only.
	Attrs     map[string]string
	CreatedAt time.Time
	ExpiresAt time.Time
}
