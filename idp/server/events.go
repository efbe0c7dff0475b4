package server

import (
	"encoding/json"
	"fmt"

	"surety/idp"
	"surety/idp/event"
	"surety/idp/oidc/events"
	"surety/idp/oidc/token"
	eventstore "surety/idp/postgres/event"
)

// events is where agencies fetch what concerns them.
func (h *house) events(tokens *token.Endpoint) *events.Endpoint {
	return events.New(events.Config{
		Caller: tokens.Caller, Store: eventstore.New(h.db), Hub: h.polls, Now: h.now, Log: h.log,
		Token: func(e idp.SecurityEvent) (string, error) { return event.SecurityToken(h.cfg.Issuer, e, h.signClaims) },
	})
}

// signClaims signs what leaves the house outside a token request, with the key
// of that moment.
func (h *house) signClaims(alg, typ string, claims any) (string, error) {
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write claims of %s: %w", typ, err)
	}
	return h.keySet.Set().Sign(alg, typ, text)
}
