package event

import (
	"encoding/json"
	"testing"
	"time"

	"surety/idp"
)

// TestSecurityToken_SaysNoMoreThanItKnows: the subject is as narrow as what
// happened, and the members are those of the specifications.
func TestSecurityToken_SaysNoMoreThanItKnows(t *testing.T) {
	t.Parallel()
	const issuer = "https://id.example"
	at := time.Unix(1_800_000_000, 0)
	person := `{"format":"iss_sub","iss":"https://id.example","sub":"anna"}`
	for name, c := range map[string]struct {
		event         idp.SecurityEvent
		about, events string
	}{
		"a person": {idp.SecurityEvent{Subject: "anna", Reason: "logout_everywhere"}, person,
			`{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1800000000,"initiating_entity":"user","reason_admin":{"en":"logout_everywhere"}}}`},
		"a session": {idp.SecurityEvent{Subject: "anna", SID: "s1", Reason: "operator"},
			`{"format":"complex","user":` + person + `,"session":{"format":"opaque","id":"s1"}}`,
			`{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1800000000,"initiating_entity":"admin","reason_admin":{"en":"operator"}}}`},
		"a grant": {idp.SecurityEvent{Subject: "anna", GrantID: "g1", Reason: "refresh_reuse"},
			`{"format":"complex","user":` + person + `,"grant":{"format":"opaque","id":"g1"}}`,
			`{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1800000000,"initiating_entity":"policy","reason_admin":{"en":"refresh_reuse"}}}`},
		"a token": {idp.SecurityEvent{TokenID: "g1.x", Reason: "revoked_by_client"},
			`{"format":"jwt_id","iss":"https://id.example","jti":"g1.x"}`,
			`{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1800000000,"initiating_entity":"system","reason_admin":{"en":"revoked_by_client"}}}`},
		"a level that fell": {idp.SecurityEvent{Kind: idp.EventLevelChanged, Subject: "anna", SID: "s1", GrantID: "g1", ACR: "low", PreviousACR: "high", Reason: "method_removed"},
			`{"format":"complex","user":` + person + `,"session":{"format":"opaque","id":"s1"},"grant":{"format":"opaque","id":"g1"}}`,
			`{"https://schemas.openid.net/secevent/caep/event-type/assurance-level-change":{"event_timestamp":1800000000,"initiating_entity":"user","reason_admin":{"en":"method_removed"},"namespace":"https://id.example","current_level":"low","previous_level":"high","change_direction":"decrease"}}`},
	} {
		c.event.ID, c.event.ClientID, c.event.At = "e1", "agency", at
		got, err := SecurityToken(issuer, c.event, func(alg, typ string, claims any) (string, error) {
			if alg != "ES256" || typ != "secevent+jwt" {
				t.Errorf("%s: %s %s", name, alg, typ)
			}
			text, err := json.Marshal(claims)
			return string(text), err
		})
		want := `{"iss":"https://id.example","aud":"agency","iat":1800000000,"jti":"e1","sub_id":` + c.about + `,"events":` + c.events + `}`
		if err != nil || got != want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, want)
		}
	}
	for _, bad := range []idp.SecurityEvent{{}, {ID: "e", ClientID: "c"}, {ID: "e", Subject: "s"}, {ClientID: "c", Subject: "s"}} {
		if _, err := SecurityToken(issuer, bad, nil); err == nil {
			t.Errorf("%+v was signed", bad)
		}
	}
}
