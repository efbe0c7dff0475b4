package event

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"surety/idp"
)

func notice(change func(*idp.Notice)) idp.Notice {
	n := idp.Notice{
		EventKey: "logout:1:2",
		Channel:  idp.ChannelBackchannelLogout,
		ClientID: "client-1",
		Logout:   &idp.LogoutNotice{URI: "https://agency.example/out", Subject: "sub-1", SID: "sid-1", Algorithm: "ES256"},
	}
	if change != nil {
		change(&n)
	}
	return n
}

func TestLogoutTokenHoldsWhatTheStandardAsksAndNothingElse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		change func(*idp.Notice)
		want   []string
	}{
		{"both", nil, []string{"aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"}},
		{"session only", func(n *idp.Notice) { n.Logout.Subject = "" }, []string{"aud", "events", "exp", "iat", "iss", "jti", "sid"}},
		{"subject only", func(n *idp.Notice) { n.Logout.SID = "" }, []string{"aud", "events", "exp", "iat", "iss", "jti", "sub"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var claims map[string]any
			token, err := LogoutToken(now, "https://id.example", notice(tc.change), func(alg, typ string, c any) (string, error) {
				if alg != "ES256" || typ != "logout+jwt" {
					t.Errorf("signed as %s %s", alg, typ)
				}
				b, err := json.Marshal(c)
				if err != nil {
					return "", err
				}
				return "signed", json.Unmarshal(b, &claims)
			})
			if err != nil || token != "signed" {
				t.Fatalf("LogoutToken = %q, %v", token, err)
			}
			if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, tc.want) {
				t.Errorf("claims %v, want %v", got, tc.want)
			}
			if claims["iss"] != "https://id.example" || claims["aud"] != "client-1" || claims["jti"] != "logout:1:2" {
				t.Errorf("claims %v", claims)
			}
			if claims["iat"] != float64(now.Unix()) || claims["exp"] != float64(now.Unix()+120) {
				t.Errorf("times %v", claims)
			}
			events, ok := claims["events"].(map[string]any)
			if !ok || len(events) != 1 {
				t.Fatalf("events %v", claims["events"])
			}
			if member, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(member) != 0 {
				t.Errorf("the event's member is not an empty object: %v", events)
			}
		})
	}
}

func TestLogoutTokenRefusesIncompleteNotices(t *testing.T) {
	t.Parallel()
	sign := func(string, string, any) (string, error) { return "signed", nil }
	for name, change := range map[string]func(*idp.Notice){
		"not a logout":       func(n *idp.Notice) { n.Logout = nil },
		"nobody's":           func(n *idp.Notice) { n.ClientID = "" },
		"no event key":       func(n *idp.Notice) { n.EventKey = "" },
		"nothing to log out": func(n *idp.Notice) { n.Logout.Subject, n.Logout.SID = "", "" },
	} {
		if token, err := LogoutToken(time.Unix(1e9, 0), "https://id.example", notice(change), sign); err == nil {
			t.Errorf("%s: got %q", name, token)
		}
	}
	broken := errors.New("no key")
	if _, err := LogoutToken(time.Unix(1e9, 0), "https://id.example", notice(nil), func(string, string, any) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("the signer's error is lost: %v", err)
	}
}
