package event

import (
	"errors"
	"time"

	"surety/idp"
)

// logoutType is the token's typ (Back-Channel Logout 1.0, section 2.4): it
// keeps a logout token from passing for any other kind of JWT.
const logoutType = "logout+jwt"

// logoutEvent is the member of events that makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutLifetime is the longest that section 4 recommends.
const logoutLifetime = 2 * time.Minute

// Sign makes a compact JWS over claims with the current key for alg and the
// given typ header.
type Sign func(alg, typ string, claims any) (string, error)

// logoutClaims are the claims of section 2.4. A nonce must never be among
// them, or an ID token could be played back as a logout token.
type logoutClaims struct {
	Issuer   string                         `json:"iss"`
	Subject  string                         `json:"sub,omitempty"`
	Audience string                         `json:"aud"`
	IssuedAt int64                          `json:"iat"`
	Expiry   int64                          `json:"exp"`
	ID       string                         `json:"jti"`
	Events   map[string]map[string]struct{} `json:"events"`
	SID      string                         `json:"sid,omitempty"`
}

// LogoutToken makes the token for one client. Its jti is the notice's event
// key, the same on every try, so that a client that refuses repeats is told
// once and one that does not is told the same thing again. The token itself is
// made anew for each try: it lives for two minutes, a retry may come later.
func LogoutToken(now time.Time, issuer string, n idp.Notice, sign Sign) (string, error) {
	if n.Logout == nil || n.ClientID == "" || n.EventKey == "" {
		return "", errors.New("make logout token: the notice is not one of a logout")
	}
	if n.Logout.Subject == "" && n.Logout.SID == "" {
		return "", errors.New("make logout token: neither subject nor session to name")
	}
	return sign(n.Logout.Algorithm, logoutType, logoutClaims{
		Issuer:   issuer,
		Subject:  n.Logout.Subject,
		Audience: string(n.ClientID),
		IssuedAt: now.Unix(),
		Expiry:   now.Add(logoutLifetime).Unix(),
		ID:       n.EventKey,
		Events:   map[string]map[string]struct{}{logoutEvent: {}},
		SID:      n.Logout.SID,
	})
}
