package assurance_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
)

// during are the rules while the policy becomes another one.
func during(change func(*assurance.Policy)) assurance.Rules {
	next := fourLevels()
	next.Version++
	change(&next)
	return assurance.Rules{Policy: fourLevels(), Also: []assurance.Policy{next}}
}

func TestNoTokenClaimsALevelThatItDoesNotHaveUnderEitherPolicy(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, time.Minute), used(assurance.MethodOTP, time.Minute))
	cases := map[string]struct {
		change func(*assurance.Policy)
		want   assurance.LevelName
	}{
		"nothing changes":            {func(*assurance.Policy) {}, substantial},
		"a level asks for more":      {func(p *assurance.Policy) { p.Levels[2].Login = p.Levels[2].Login[:1] }, checked},
		"a level goes":               {func(p *assurance.Policy) { p.Levels = slices.Delete(p.Levels, 2, 3) }, checked},
		"a level gets another name":  {func(p *assurance.Policy) { p.Levels[2].Name = "middle" }, checked},
		"a level gets a new acr":     {func(p *assurance.Policy) { p.Levels[2].ACR = "urn:example:new" }, substantial},
		"two levels change acr":      {func(p *assurance.Policy) { p.Levels[2].ACR, p.Levels[3].ACR = p.Levels[3].ACR, p.Levels[2].ACR }, checked},
		"two levels change names":    {func(p *assurance.Policy) { p.Levels[1].Name, p.Levels[2].Name = substantial, checked }, substantial},
		"every level gets a new one": {func(p *assurance.Policy) { p.Levels = p.Levels[:1]; p.Levels[0].Name = "all" }, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := during(c.change)
			g, _ := rules.Decide(assurance.Requirement{}, s).(assurance.Granted)
			if g.Level != c.want || rules.Held(s) != c.want {
				t.Errorf("granted %q, held %q, want %q", g.Level, rules.Held(s), c.want)
			}
			if _, ok := rules.Decide(assurance.Requirement{Level: substantial}, s).(assurance.Granted); ok != (c.want == substantial) {
				t.Errorf("substantial granted: %v", ok)
			}
		})
	}
}

func TestARequestedACRIsNotStatedWhereTheOtherPolicyReadsMoreIntoIt(t *testing.T) {
	t.Parallel()
	rules := during(func(p *assurance.Policy) { p.Levels[0].ACR, p.Levels[3].ACR = p.Levels[3].ACR, p.Levels[0].ACR })
	low, own := rules.Levels[0].ACR, rules.Levels[2].ACR
	if got := rules.ACRFor([]string{low}, substantial); got != own {
		t.Errorf("acr %s, which the other policy reads as high", got)
	}
	if got := assurance.One(rules.Policy).ACRFor([]string{low}, substantial); got != low {
		t.Errorf("acr %s, want %s where there is no other policy", got, low)
	}
	if got := rules.ACRFor([]string{low}, "utmost"); got != "" {
		t.Errorf("acr %s of a level that is none", got)
	}
}

func TestUnderTwoPoliciesAGrantRestsOnWhatCountsUnderEach(t *testing.T) {
	t.Parallel()
	rules := during(func(p *assurance.Policy) { p.Levels[2].Login = p.Levels[2].Login[1:2] }) // no passkey any more
	s := person(assurance.StageConfirmed,
		used(assurance.MethodPassword, time.Hour), used(assurance.MethodOTP, time.Hour), used(assurance.MethodPasskey, 0))
	g, ok := rules.Decide(assurance.Requirement{Level: substantial}, s).(assurance.Granted)
	if !ok || !g.AuthTime.Equal(now.Add(-time.Hour)) || len(g.Uses) != 3 || len(g.Methods) != 3 {
		t.Fatalf("granted %+v", g)
	}
	if !slices.Equal(g.AMR, []string{"hwk", "user", "pwd", "otp", "mfa"}) {
		t.Errorf("amr %v", g.AMR)
	}
	// The old login is too old under the policy that comes.
	if _, ok := rules.Decide(assurance.Requirement{Level: substantial, MaxAge: time.Minute}, s).(assurance.Granted); ok {
		t.Error("granted as fresh by what does not count under one policy")
	}
}
