package session

import (
	"time"

	"surety/assurance"
	"surety/idp"
)

// Arrival is somebody who has just logged in.
type Arrival struct {
	AccountID idp.AccountID
	Use       assurance.Use
	Browser   Browser
	Shared    bool // "this is a shared computer"
	// EndOthers ends all other sessions of the account for this reason; empty: they stay.
	EndOthers EndReason
	// Continues says that this is one thing more in a session that is there: if
	// it is over, or another person's, nobody is logged in. What proves little
	// by itself must not open a session.
	Continues bool
}

// Device is what a browser told about itself. It is sealed wherever it is stored.
type Device struct {
	UserAgent string `json:"user_agent"`
	Source    string `json:"source"`
}

// maxUserAgent bounds what is kept of a header that anybody may fill.
const maxUserAgent = 300

// Device returns what is kept of the browser.
func (b Browser) Device() Device {
	ua := b.UserAgent
	if len(ua) > maxUserAgent {
		ua = ua[:maxUserAgent]
	}
	return Device{UserAgent: ua, Source: b.Source}
}

// Listed is an open session in the list that its owner sees.
type Listed struct {
	Session Session
	Device  Device
}

// Party is a client that got tokens in a session and asked to be told when it
// ends (OpenID Connect Back-Channel Logout 1.0), as it knows person and session.
type Party struct {
	SessionID   idp.SessionID
	ClientID    idp.ClientID
	Subject     string
	SID         string
	URI         string // backchannel_logout_uri
	Algorithm   string // of its ID tokens
	Development bool
}

// Cursor is a place in the list of an account's sessions, newest first.
type Cursor struct {
	CreatedAt time.Time
	ID        idp.SessionID
}
