package event

import (
	"errors"
	"fmt"

	"surety/idp"
)

// SecurityType is the typ of a security event token (RFC 8417, section 2.3):
// it keeps one from passing for any other kind of JWT.
const SecurityType = "secevent+jwt"

// securityAlgorithm signs events: the one that every guard takes.
const securityAlgorithm = "ES256"

// The events (OpenID Continuous Access Evaluation Profile 1.0, sections 3.1 and 3.4).
const (
	sessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	levelChanged   = "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change"
)

// securityClaims are the claims of a security event token (RFC 8417, section
// 2.2). exp must not be among them (section 2.2), and sub is not either, or an
// access token could be made of one: the subject is in sub_id.
type securityClaims struct {
	Issuer   string               `json:"iss"`
	Audience string               `json:"aud"`
	IssuedAt int64                `json:"iat"`
	ID       string               `json:"jti"`
	Subject  *name                `json:"sub_id"`
	Events   map[string]happening `json:"events"`
}

// name is a subject identifier (RFC 9493, section 3.2), or several that name it
// together (OpenID Shared Signals Framework 1.0, section 3.3).
type name struct {
	Format  string `json:"format"`
	Issuer  string `json:"iss,omitempty"`
	Subject string `json:"sub,omitempty"`
	ID      string `json:"id,omitempty"`
	JTI     string `json:"jti,omitempty"`
	User    *name  `json:"user,omitempty"`
	Session *name  `json:"session,omitempty"`
	Grant   *name  `json:"grant,omitempty"`
}

// happening is what CAEP has an event say of itself (section 2), and of a level
// (section 3.4.1).
type happening struct {
	At        int64             `json:"event_timestamp"`
	Entity    string            `json:"initiating_entity"`
	Reason    map[string]string `json:"reason_admin,omitempty"`
	Namespace string            `json:"namespace,omitempty"`
	Current   string            `json:"current_level,omitempty"`
	Previous  string            `json:"previous_level,omitempty"`
	Direction string            `json:"change_direction,omitempty"`
}

// SecurityToken makes the token of one event. What it says depends on the event
// alone, so that one that is fetched again is the same but for the signature.
func SecurityToken(issuer string, e idp.SecurityEvent, sign Sign) (string, error) {
	about, err := subjectOf(issuer, e)
	if err != nil {
		return "", fmt.Errorf("make security event token: %w", err)
	}
	h := happening{At: e.At.Unix(), Entity: entity(e.Reason), Reason: map[string]string{"en": e.Reason}}
	kind := sessionRevoked
	if e.Kind == idp.EventLevelChanged {
		kind = levelChanged
		h.Namespace, h.Current = issuer, e.ACR
		if e.PreviousACR != "" {
			h.Previous, h.Direction = e.PreviousACR, "decrease"
		}
	}
	return sign(securityAlgorithm, SecurityType, securityClaims{
		Issuer: issuer, Audience: string(e.ClientID), IssuedAt: e.At.Unix(), ID: e.ID, Subject: about,
		Events: map[string]happening{kind: h},
	})
}

// subjectOf names what an event is about, as narrowly as it is known. The
// member grant is ours: the framework has none for it.
func subjectOf(issuer string, e idp.SecurityEvent) (*name, error) {
	person := &name{Format: "iss_sub", Issuer: issuer, Subject: e.Subject}
	switch {
	case e.ID == "" || e.ClientID == "":
		return nil, errors.New("an event needs an id and a client")
	case e.TokenID != "":
		return &name{Format: "jwt_id", Issuer: issuer, JTI: e.TokenID}, nil
	case e.Subject == "":
		return nil, errors.New("neither subject nor token to name")
	case e.SID == "" && e.GrantID == "":
		return person, nil
	}
	about := &name{Format: "complex", User: person}
	if e.SID != "" {
		about.Session = &name{Format: "opaque", ID: e.SID}
	}
	if e.GrantID != "" {
		about.Grant = &name{Format: "opaque", ID: string(e.GrantID)}
	}
	return about, nil
}

// entity is who caused it (CAEP, section 2): what is not listed is done by the person.
func entity(reason string) string {
	switch reason {
	case "operator", "closed":
		return "admin"
	case "revoked_by_client", "replaced":
		return "system"
	case "code_reuse", "refresh_reuse", "frozen":
		return "policy"
	}
	return "user"
}
