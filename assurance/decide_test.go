package assurance_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
)

func TestPasswordAloneIsBasicWhateverTheStageBelowStandard(t *testing.T) {
	t.Parallel()
	g := granted(t, assurance.Requirement{}, person(assurance.StageSimplified, used(assurance.MethodPassword, time.Minute)))
	if g.Level != basic || g.ACR != "urn:example:basic" {
		t.Errorf("level %s, acr %s", g.Level, g.ACR)
	}
	if !slices.Equal(g.AMR, []string{"pwd"}) || !slices.Equal(g.Methods, []assurance.Method{assurance.MethodPassword}) {
		t.Errorf("amr %v, methods %v", g.AMR, g.Methods)
	}
	if want := now.Add(-time.Minute); !g.AuthTime.Equal(want) {
		t.Errorf("auth_time %v, want %v", g.AuthTime, want)
	}
	if want := (assurance.Why{PolicyVersion: 7, Alternative: checked, Stage: assurance.StageSimplified}); g.Why != want {
		t.Errorf("why %+v, want %+v", g.Why, want)
	}
}

func TestTwoAxesAreNeverMixed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		situation assurance.Situation
		want      assurance.LevelName
	}{
		"a card does not prove who a simplified account is": {person(assurance.StageSimplified, used(assurance.MethodIDCard, 0)), basic},
		"a confirmed identity does not make a password two": {person(assurance.StageConfirmed, used(assurance.MethodPassword, 0)), checked},
		"both":                         {person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0)), high},
		"a registry check and a card":  {person(assurance.StageStandard, used(assurance.MethodIDCard, 0)), checked},
		"confirmed, one code":          {person(assurance.StageConfirmed, used(assurance.MethodSMS, 0)), basic},
		"confirmed, one app alone":     {person(assurance.StageConfirmed, used(assurance.MethodOTP, 0)), ""},
		"confirmed, password and app":  {person(assurance.StageConfirmed, used(assurance.MethodPassword, 0), used(assurance.MethodOTP, 0)), substantial},
		"confirmed, nobody logged in":  {person(assurance.StageConfirmed), ""},
		"any bank":                     {person(assurance.StageStandard, used("federated:bank", 0)), basic},
		"stage raised without a proof": {assurance.Situation{Now: now, Civil: now, Stage: assurance.StageConfirmed, Uses: []assurance.Use{used(assurance.MethodIDCard, 0)}}, basic},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := levelOf(fourLevels(), c.situation); got != c.want {
				t.Errorf("level %q, want %q", got, c.want)
			}
		})
	}
}

func TestOnEachAxisALevelAlsoAcceptsWhatAHigherOneAccepts(t *testing.T) {
	t.Parallel()
	for _, m := range []assurance.Method{assurance.MethodIdentifier, assurance.MethodEDS, assurance.MethodIDCard, assurance.MethodResidencePermit} {
		for stage, want := range map[assurance.Stage]assurance.LevelName{assurance.StageSimplified: basic, assurance.StageStandard: checked} {
			if got := levelOf(fourLevels(), person(stage, used(m, 0))); got != want {
				t.Errorf("%s at %s reaches %q, want %q", m, stage, got, want)
			}
		}
	}
}

func TestAStolenPasswordThatAddsItsOwnTOTPOrPasskeyGainsNothing(t *testing.T) {
	t.Parallel()
	thief := person(assurance.StageConfirmed, used(assurance.MethodPassword, 0))
	before := levelOf(fourLevels(), thief)
	for _, m := range []assurance.Method{assurance.MethodOTP, assurance.MethodPasskey} {
		added := used(m, 0)
		added.BoundLevel = before
		s := thief
		s.Uses = append(slices.Clone(thief.Uses), added)
		if got := levelOf(fourLevels(), s); got != before {
			t.Errorf("with %s the thief reaches %q, without it %q", m, got, before)
		}
	}
}

func TestUsesThatShareAContactCountAsOneFactor(t *testing.T) {
	t.Parallel()
	through := func(m assurance.Method, contacts ...assurance.ContactID) assurance.Use {
		u := used(m, 0)
		u.DependsOn = contacts
		return u
	}
	cases := map[string]struct {
		password, code assurance.Use
		want           assurance.LevelName
	}{
		"reset by the phone that gets the code":  {through(assurance.MethodPassword, phone), through(assurance.MethodSMS, phone), checked},
		"reset by mail, code to the phone":       {through(assurance.MethodPassword, mail), through(assurance.MethodSMS, phone), substantial},
		"never reset":                            {through(assurance.MethodPassword), through(assurance.MethodSMS, phone), substantial},
		"one of several contacts is shared":      {through(assurance.MethodPassword, mail, phone), through(assurance.MethodSMS, phone), checked},
		"app recovered by the mail that reset":   {through(assurance.MethodPassword, mail), through(assurance.MethodOTP, mail), checked},
		"app recovered by another than the mail": {through(assurance.MethodPassword, mail), through(assurance.MethodOTP, phone), substantial},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := granted(t, assurance.Requirement{}, person(assurance.StageConfirmed, c.password, c.code))
			if g.Level != c.want {
				t.Errorf("level %s, want %s", g.Level, c.want)
			}
			if c.want == checked && slices.Contains(g.AMR, "mfa") {
				t.Errorf("one factor is told as %v", g.AMR)
			}
		})
	}
}

func TestOneAuthenticatorUsedTwiceIsOneFactor(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.Levels[2].Login = []assurance.Alternative{one(assurance.MethodOTP, assurance.MethodOTP)}
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, 0), used(assurance.MethodOTP, 0), used(assurance.MethodOTP, time.Minute))
	if got := levelOf(p, s); got != checked {
		t.Errorf("level %q, want checked", got)
	}
}

func TestEvidenceCanBeCapped(t *testing.T) {
	t.Parallel()
	upload := used(assurance.MethodEDS, 0)
	upload.Channel, upload.Cap = "upload", substantial
	if got := levelOf(fourLevels(), person(assurance.StageConfirmed, upload)); got != substantial {
		t.Errorf("an uploaded signature reaches %q, want substantial", got)
	}
	imported := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	imported.Proofings[0].Cap = checked
	if got := levelOf(fourLevels(), imported); got != checked {
		t.Errorf("an imported proofing reaches %q, want checked", got)
	}
	lost := used(assurance.MethodPasskey, 0)
	lost.Cap = "a level of an older policy"
	if got := levelOf(fourLevels(), person(assurance.StageConfirmed, lost)); got != "" {
		t.Errorf("evidence capped by an unknown level reaches %q", got)
	}
}

func TestEvidenceCanBeginToCountLater(t *testing.T) {
	t.Parallel()
	early := used(assurance.MethodOTP, time.Minute)
	early.NotBefore = now.Add(time.Second)
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, 0), early)
	if got := levelOf(fourLevels(), s); got != checked {
		t.Errorf("level %q before its time, want checked", got)
	}
	s.Now = now.Add(time.Second)
	if got := levelOf(fourLevels(), s); got != substantial {
		t.Errorf("level %q when its time has come, want substantial", got)
	}
	s = person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	s.Proofings[0].NotBefore = now.Add(time.Hour)
	if got := levelOf(fourLevels(), s); got != basic {
		t.Errorf("level %q before the proofing counts, want basic", got)
	}
}

func TestMaxAgeDropsUsesOlderThanNBeforeDeciding(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, time.Minute), used(assurance.MethodOTP, 10*time.Minute))
	if g := granted(t, assurance.Requirement{}, s); g.Level != substantial || !g.AuthTime.Equal(now.Add(-10*time.Minute)) {
		t.Errorf("without max_age: %s at %v", g.Level, g.AuthTime)
	}
	if g := granted(t, assurance.Requirement{MaxAge: 5 * time.Minute}, s); g.Level != checked || !g.AuthTime.Equal(now.Add(-time.Minute)) {
		t.Errorf("with max_age: %s at %v, want checked by the password alone", g.Level, g.AuthTime)
	}
	if _, ok := assurance.Decide(fourLevels(), assurance.Requirement{Level: substantial, MaxAge: 5 * time.Minute}, s).(assurance.Granted); ok {
		t.Error("substantial granted on a stale code")
	}
	exact := assurance.Requirement{Level: checked, MaxAge: time.Minute}
	granted(t, exact, s)
	s.Now = s.Now.Add(time.Millisecond)
	if _, ok := assurance.Decide(fourLevels(), exact, s).(assurance.Granted); ok {
		t.Error("granted a moment too late")
	}
}

func TestPromptLoginDropsAllBeforeThisInteraction(t *testing.T) {
	t.Parallel()
	began := now.Add(-time.Minute)
	for name, r := range map[string]assurance.Requirement{
		"prompt=login": assurance.Requirement{}.LoginAgain(began),
		"max_age=0":    assurance.Requirement{}.Within(0, began),
	} {
		if _, ok := assurance.Decide(fourLevels(), r, person(assurance.StageSimplified, used(assurance.MethodPassword, time.Minute+1))).(assurance.Granted); ok {
			t.Errorf("%s: a login from before the interaction counts", name)
		}
		g := granted(t, r, person(assurance.StageSimplified, used(assurance.MethodPassword, time.Hour), used(assurance.MethodPassword, time.Minute)))
		if !g.AuthTime.Equal(began) {
			t.Errorf("%s: auth_time %v, want %v", name, g.AuthTime, began)
		}
	}
}

func TestAmongAlternativesTheOneWhoseOldestUseIsYoungestCounts(t *testing.T) {
	t.Parallel()
	password, otp, passkey := used(assurance.MethodPassword, 20*time.Minute), used(assurance.MethodOTP, time.Minute), used(assurance.MethodPasskey, 5*time.Minute)
	g := granted(t, assurance.Requirement{}, person(assurance.StageConfirmed, password, otp, passkey))
	if !slices.Equal(g.Methods, []assurance.Method{assurance.MethodPasskey}) || !g.AuthTime.Equal(passkey.At) {
		t.Errorf("counted %v at %v, want the passkey", g.Methods, g.AuthTime)
	}
	again := used(assurance.MethodPassword, 2*time.Minute)
	g = granted(t, assurance.Requirement{}, person(assurance.StageConfirmed, password, otp, passkey, again))
	if !slices.Equal(g.Methods, []assurance.Method{assurance.MethodPassword, assurance.MethodOTP}) || !g.AuthTime.Equal(again.At) {
		t.Errorf("counted %v at %v, want the second password and the app", g.Methods, g.AuthTime)
	}
}

func TestOfEquallyFreshLoginsTheStrongerIsTold(t *testing.T) {
	t.Parallel()
	g := granted(t, assurance.Requirement{}, person(assurance.StageSimplified, used(assurance.MethodPassword, 0), used(assurance.MethodOTP, 0)))
	if g.Level != basic || !slices.Equal(g.AMR, []string{"pwd", "otp", "mfa"}) {
		t.Errorf("%s by %v, want basic by both", g.Level, g.AMR)
	}
}

func TestExcludedMethodsAndProofingsCountForNothingTheyNeedNotBeAbsent(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0), used(assurance.MethodPassword, 0), used("federated:bank", 0))
	s.Proofings = []assurance.Proofing{proven(assurance.StageConfirmed, assurance.ProofingLetter), proven(assurance.StageStandard, assurance.ProofingRegistry)}
	cases := map[string]struct {
		requirement assurance.Requirement
		want        assurance.LevelName
	}{
		"nothing":            {assurance.Requirement{}, high},
		"the card":           {assurance.Requirement{ExcludedMethods: []assurance.Method{assurance.MethodIDCard}}, checked},
		"card and password":  {assurance.Requirement{ExcludedMethods: []assurance.Method{assurance.MethodIDCard, assurance.MethodPassword}}, basic},
		"the letter":         {assurance.Requirement{ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter}}, checked},
		"letter, registry":   {assurance.Requirement{ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter, assurance.ProofingRegistry}}, basic},
		"one absent":         {assurance.Requirement{ExcludedMethods: []assurance.Method{assurance.MethodEDS}}, high},
		"everything at once": {assurance.Requirement{ExcludedMethods: []assurance.Method{assurance.MethodIDCard, assurance.MethodPassword, assurance.MethodFederated}}, ""},
		"another bank":       {assurance.Requirement{ExcludedMethods: []assurance.Method{assurance.MethodIDCard, assurance.MethodPassword, "federated:other"}}, basic},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, _ := assurance.Decide(fourLevels(), c.requirement, s).(assurance.Granted)
			if g.Level != c.want {
				t.Errorf("level %q, want %q", g.Level, c.want)
			}
		})
	}
}

func TestATermCanAskForMore(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.Levels[3].Login = []assurance.Alternative{{{
		Method: assurance.MethodEDS, AMR: []string{"hwk"}, Channel: []string{"tls", ""}, Issuer: []string{"State CA"}, MaxAge: time.Hour,
	}}}
	good := used(assurance.MethodEDS, time.Hour)
	good.Issuer = "State CA"
	cases := map[string]struct {
		change func(*assurance.Use)
		want   assurance.LevelName
	}{
		"as asked":              {func(*assurance.Use) {}, high},
		"key in software":       {func(u *assurance.Use) { u.AMR = []string{"swk"} }, ""},
		"uploaded":              {func(u *assurance.Use) { u.Channel = "upload" }, ""},
		"other channel":         {func(u *assurance.Use) { u.Channel = "tls" }, high},
		"other authority":       {func(u *assurance.Use) { u.Issuer = "Other CA" }, ""},
		"an hour and a bit ago": {func(u *assurance.Use) { u.At = u.At.Add(-1) }, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := good
			c.change(&u)
			if got := levelOf(p, person(assurance.StageConfirmed, u)); got != c.want {
				t.Errorf("level %q, want %q", got, c.want)
			}
		})
	}
}

func TestR3_ExpiredDocumentIsNotAnExpiredPerson(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	s.Proofings[0].DocumentExpired = true
	if g := granted(t, assurance.Requirement{}, s); g.Level != high {
		t.Errorf("level %s, want high", g.Level)
	}
	if g := granted(t, assurance.Requirement{Document: assurance.DocumentCurrent}, s); g.Level != basic {
		t.Errorf("level %s where a current document is asked for, want basic", g.Level)
	}
}

func TestAProofingHoldsUntilItsEndAndNotAtIt(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	s.Proofings[0].ExpiresAt = now.Add(time.Second)
	if got := levelOf(fourLevels(), s); got != high {
		t.Errorf("level %q a second before the end, want high", got)
	}
	s.Civil = s.Civil.Add(time.Second)
	if got := levelOf(fourLevels(), s); got != basic {
		t.Errorf("level %q at the end, want basic", got)
	}
	s.Civil = time.Time{}
	if got := levelOf(fourLevels(), s); got != basic {
		t.Errorf("level %q when nobody knows the day, want basic", got)
	}
}

func TestADowngradedAccountIsNotRaisedByItsOldProofings(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	s.Stage = assurance.StageSimplified
	if got := levelOf(fourLevels(), s); got != basic {
		t.Errorf("level %q, want basic", got)
	}
}

func TestAuthTimeIsNeverInTheFuture(t *testing.T) {
	t.Parallel()
	ahead := person(assurance.StageSimplified, used(assurance.MethodPassword, -assurance.Skew))
	if g := granted(t, assurance.Requirement{}, ahead); !g.AuthTime.Equal(now) {
		t.Errorf("auth_time %v, want now", g.AuthTime)
	}
	beyond := person(assurance.StageSimplified, used(assurance.MethodPassword, -assurance.Skew-1))
	if got := levelOf(fourLevels(), beyond); got != "" {
		t.Errorf("a login of the far future reaches %q", got)
	}
}

func TestAMRHasOnlyRegisteredValuesAndMFAForTwoKinds(t *testing.T) {
	t.Parallel()
	with := func(m assurance.Method, amr ...string) assurance.Use {
		u := used(m, 0)
		u.AMR = amr
		return u
	}
	cases := map[string]struct {
		uses []assurance.Use
		want []string
	}{
		"password":              {[]assurance.Use{used(assurance.MethodPassword, 0)}, []string{"pwd"}},
		"card with its PIN":     {[]assurance.Use{used(assurance.MethodIDCard, 0)}, []string{"sc", "hwk", "pin", "mfa"}},
		"password and app":      {[]assurance.Use{used(assurance.MethodPassword, 0), used(assurance.MethodOTP, 0)}, []string{"pwd", "otp", "mfa"}},
		"passkey":               {[]assurance.Use{used(assurance.MethodPasskey, 0)}, []string{"hwk", "user"}},
		"a bank's own words":    {[]assurance.Use{with("federated:bank", "pwd", "bank-app", "sms", "mfa", "pwd")}, []string{"pwd", "sms", "mfa"}},
		"a bank that says none": {[]assurance.Use{with("federated:bank")}, []string{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if g := granted(t, assurance.Requirement{}, person(assurance.StageConfirmed, c.uses...)); !slices.Equal(g.AMR, c.want) {
				t.Errorf("amr %v, want %v", g.AMR, c.want)
			}
		})
	}
}

func TestAnUnknownLevelIsRefused(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	d, ok := assurance.Decide(fourLevels(), assurance.Requirement{Level: "utmost"}, s).(assurance.Refuse)
	if !ok || d.Reason != assurance.ReasonUnknownLevel || d.Held != high {
		t.Errorf("decided %+v", d)
	}
	empty, ok := assurance.Decide(assurance.Policy{}, assurance.Requirement{}, s).(assurance.Refuse)
	if !ok || empty.Reason != assurance.ReasonUnknownLevel {
		t.Errorf("a policy without levels decided %+v", empty)
	}
}

func TestALevelOfAnUnknownStageIsHeldByNobody(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.Levels[3].Identity = "certain"
	if got := levelOf(p, person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))); got != substantial {
		t.Errorf("level %q, want substantial", got)
	}
}

func TestAnAlternativeWithoutTermsGrantsNothing(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.Levels[3].Login = []assurance.Alternative{{}, one("a", "b", "c", "d", "e")}
	uses := []assurance.Use{used("a", 0), used("b", 0), used("c", 0), used("d", 0), used("e", 0)}
	if got := levelOf(p, person(assurance.StageConfirmed, uses...)); got != "" {
		t.Errorf("level %q out of nothing", got)
	}
}
