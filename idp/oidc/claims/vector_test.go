package claims

import (
	"slices"
	"strings"
	"testing"

	"surety/assurance"
	"surety/idp/grant"
)

func TestVectorSaysBothAxesApart(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]grant.Grant{
		"P0.Cc":    {Stage: assurance.StageSimplified, Method: "password", AMR: []string{"pwd"}},
		"P2.Cc.Cd": {Stage: assurance.StageConfirmed, Method: "password+otp", AMR: []string{"otp", "pwd", "mfa"}},
		"P1.Cb.Cc": {Stage: assurance.StageStandard, Method: "password+sms", AMR: []string{"pwd", "sms", "mfa"}},
		"P2.Ce":    {Stage: assurance.StageConfirmed, Method: "passkey", AMR: []string{"user"}},
		"P2.Cf":    {Stage: assurance.StageConfirmed, Method: "idcard", AMR: []string{"sc", "hwk", "pin", "mfa"}},
		"P0.Cc.Ce": {Method: "password+passkey", AMR: []string{"pwd", "user"}},
		"P0.Cf":    {Method: "passkey", AMR: []string{"hwk", "user"}},
		"P0":       {Method: "federated:bank"},
	} {
		got := Vector(g)
		if got != want {
			t.Errorf("%+v: %s, want %s", g, got, want)
		}
		for c := range strings.SplitSeq(got, ".") {
			if !slices.ContainsFunc(Components(), func(k Component) bool { return k.Value == c }) {
				t.Errorf("component %s is not explained", c)
			}
		}
	}
}

// TestVectorKnowsEveryFactor: what proves a factor by itself has a component,
// or a person would seem to have logged in with nothing.
func TestVectorKnowsEveryFactor(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"pwd", "otp", "sms", "hwk", "swk", "sc", "pop"} {
		if !assurance.KnownAMR(value) || Vector(grant.Grant{AMR: []string{value}}) == "P0" {
			t.Errorf("%s stands for nothing", value)
		}
	}
}
