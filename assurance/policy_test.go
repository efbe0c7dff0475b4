package assurance_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
)

func TestACRNeverStatesMoreThanWasReachedItMayStateLess(t *testing.T) {
	t.Parallel()
	const b, c, s, h = "urn:example:basic", "urn:example:checked", "urn:example:substantial", "urn:example:high"
	cases := []struct {
		requested []string
		reached   assurance.LevelName
		want      string
	}{
		{nil, substantial, s},
		{[]string{b}, substantial, b},
		{[]string{b, c}, substantial, c},
		{[]string{c, b}, substantial, c},
		{[]string{h}, substantial, s},
		{[]string{h, b}, substantial, b},
		{[]string{s}, substantial, s},
		{[]string{"urn:example:other", ""}, basic, b},
		{[]string{b}, "utmost", ""},
		{[]string{b}, "", ""},
	}
	for _, x := range cases {
		if got := fourLevels().ACRFor(x.requested, x.reached); got != x.want {
			t.Errorf("asked for %q, reached %q: acr %q, want %q", x.requested, x.reached, got, x.want)
		}
	}
}

func TestLevelsAreOrderedByThePolicy(t *testing.T) {
	t.Parallel()
	order := []assurance.LevelName{"utmost", basic, checked, substantial, high}
	for i, a := range order {
		for j, b := range order {
			got := fourLevels().Compare(a, b)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("Compare(%s, %s) = %d", a, b, got)
			}
		}
	}
}

func TestStagesAreOrdered(t *testing.T) {
	t.Parallel()
	order := []assurance.Stage{assurance.StageSimplified, assurance.StageStandard, assurance.StageConfirmed}
	for i, a := range order {
		for j, b := range order {
			if got := a.Compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s.Compare(%s) = %d", a, b, got)
			}
		}
		if !a.Known() {
			t.Errorf("%s is not known", a)
		}
	}
	if none := assurance.Stage(""); none.Known() || none.Compare(assurance.StageSimplified) != 0 {
		t.Error("no stage is known or above simplified")
	}
}

func TestALevelIsFoundByNameAndByACR(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	for i, acr := range p.ACRs() {
		byACR, ok := p.LevelByACR(acr)
		byName, also := p.Level(p.Levels[i].Name)
		if !ok || !also || byACR.Name != p.Levels[i].Name || byName.ACR != acr {
			t.Errorf("%s: found %s and %s", acr, byACR.Name, byName.ACR)
		}
	}
	p.Levels[0].ACR = ""
	for _, acr := range []string{"", "basic", "urn:example:utmost"} {
		if l, ok := p.LevelByACR(acr); ok {
			t.Errorf("acr %q is %s", acr, l.Name)
		}
	}
}

func TestMethodsAreTheSameOrOfTheSameKind(t *testing.T) {
	t.Parallel()
	cases := []struct {
		method, rule assurance.Method
		want         bool
	}{
		{assurance.MethodPassword, assurance.MethodPassword, true},
		{assurance.MethodPassword, assurance.MethodOTP, false},
		{"federated:bank", assurance.MethodFederated, true},
		{"federated:bank", "federated:bank", true},
		{"federated:bank", "federated:post", false},
		{assurance.MethodFederated, "federated:bank", false},
		{"federatedbank", assurance.MethodFederated, false},
	}
	for _, c := range cases {
		if got := c.method.Is(c.rule); got != c.want {
			t.Errorf("%q is %q: %v", c.method, c.rule, got)
		}
	}
	for m, want := range map[assurance.Method]bool{
		assurance.MethodPassword: true, assurance.MethodFederated: true, "federated:bank": true,
		"federated:": false, "": false, "Password": false,
	} {
		if got := m.Known(); got != want {
			t.Errorf("%q known: %v", m, got)
		}
	}
}

func TestOfTwoRequirementsTheStricterStays(t *testing.T) {
	t.Parallel()
	began := now.Add(-time.Minute)
	a := assurance.Requirement{Level: checked, MaxAge: time.Hour, ExcludedMethods: []assurance.Method{assurance.MethodSMS}}
	b := assurance.Requirement{
		Level: basic, MaxAge: time.Minute, UsesAfter: began, Document: assurance.DocumentCurrent,
		ExcludedMethods:   []assurance.Method{assurance.MethodSMS, assurance.MethodEDS},
		ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter},
	}
	p := fourLevels()
	for _, both := range []assurance.Requirement{p.Strictest(a, b), p.Strictest(b, a), p.Strictest(a, b, a, assurance.Requirement{})} {
		if both.Level != checked || both.MaxAge != time.Minute || !both.UsesAfter.Equal(began) || both.Document != assurance.DocumentCurrent {
			t.Errorf("both %+v", both)
		}
		if len(both.ExcludedMethods) != 2 || !slices.Equal(both.ExcludedProofings, b.ExcludedProofings) {
			t.Errorf("both exclude %v, %v", both.ExcludedMethods, both.ExcludedProofings)
		}
	}
	for _, both := range []assurance.Requirement{p.Strictest(a, assurance.Requirement{Level: "utmost"}), p.Strictest(assurance.Requirement{Level: "utmost"}, a)} {
		if both.Level != "utmost" {
			t.Errorf("an unknown level was dropped for %q", both.Level)
		}
	}
}

func TestMaxAgeZeroIsALoginInThisInteraction(t *testing.T) {
	t.Parallel()
	hour := assurance.Requirement{}.Within(time.Hour, now)
	if hour.MaxAge != time.Hour || !hour.UsesAfter.IsZero() {
		t.Errorf("an hour is %+v", hour)
	}
	if longer := hour.Within(2*time.Hour, now); longer.MaxAge != time.Hour {
		t.Errorf("a longer age loosened it to %v", longer.MaxAge)
	}
	for _, age := range []time.Duration{0, -time.Second} {
		if again := hour.Within(age, now); !again.UsesAfter.Equal(now) || again.MaxAge != time.Hour {
			t.Errorf("max_age %v is %+v", age, again)
		}
	}
	if earlier := (assurance.Requirement{UsesAfter: now}).LoginAgain(now.Add(-time.Hour)); !earlier.UsesAfter.Equal(now) {
		t.Errorf("an earlier beginning loosened it to %v", earlier.UsesAfter)
	}
}

func TestASessionKeepsOneUseOfAKind(t *testing.T) {
	t.Parallel()
	var uses []assurance.Use
	for minute := range 60 {
		uses = assurance.Remember(uses, used(assurance.MethodPassword, time.Duration(60-minute)*time.Minute))
	}
	other := used(assurance.MethodPassword, 0)
	other.DependsOn = []assurance.ContactID{phone}
	uses = assurance.Remember(uses, other)
	uses = assurance.Remember(uses, used(assurance.MethodOTP, 0))
	if len(uses) != 3 || !uses[0].At.Equal(now.Add(-time.Minute)) {
		t.Errorf("kept %+v", uses)
	}
}
