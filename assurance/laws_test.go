package assurance_test

import (
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"surety/assurance"

	"pgregory.net/rapid"
)

// The laws of DESIGN §3, each tried on random policies, requirements and
// people. The generators prefer few names and near times, so that things meet.

var (
	anyMethod = rapid.SampledFrom([]assurance.Method{
		assurance.MethodPassword, assurance.MethodPassword, assurance.MethodPassword, assurance.MethodSMS, assurance.MethodSMS,
		assurance.MethodOTP, assurance.MethodOTP, assurance.MethodEDS, assurance.MethodFederated, "federated:bank", "federated:post", "unknown",
	})
	anyStage = rapid.SampledFrom([]assurance.Stage{
		assurance.StageConfirmed, assurance.StageConfirmed, assurance.StageStandard, assurance.StageStandard, assurance.StageSimplified, "unknown", "",
	})
	neededStage = rapid.SampledFrom([]assurance.Stage{
		assurance.StageSimplified, assurance.StageSimplified, assurance.StageStandard, assurance.StageStandard, assurance.StageConfirmed, "unknown",
	})
	anyProofing = rapid.SampledFrom([]assurance.ProofingMethod{
		assurance.ProofingRegistry, assurance.ProofingLetter, assurance.ProofingCounter, assurance.ProofingEDS, assurance.ProofingIDCard,
	})
	anyLimit   = rapid.SampledFrom([]assurance.LevelName{"", "", "", "", "", "", "", "l0", "l1", "l2", "l3", "gone"})
	anyNeed    = rapid.SampledFrom([]assurance.LevelName{"", "l0", "l1", "l2", "l3", "l0", "l1", "l2", "gone"})
	anyAMR     = rapid.SliceOfN(rapid.SampledFrom([]string{"pwd", "otp", "sms", "hwk", "sc", "pin", "mfa", "house"}), 0, 3)
	anyContact = rapid.SliceOfN(rapid.SampledFrom([]assurance.ContactID{phone, mail}), 0, 2)
	anyAge     = rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds"))*time.Second +
			time.Duration(rapid.SampledFrom([]int{0, 1, 999_999_999}).Draw(t, "nanoseconds"))
	})
)

var anyTerm = rapid.Custom(func(t *rapid.T) assurance.Term {
	term := assurance.Term{Method: anyMethod.Draw(t, "method")}
	switch rapid.IntRange(0, 19).Draw(t, "narrowed") {
	case 9:
		term.AMR = anyAMR.Draw(t, "amr")
	case 1:
		term.Channel = []string{"upload"}
	case 2:
		term.Issuer = []string{"ca"}
	case 3:
		term.MaxAge = anyAge.Draw(t, "max age")
	}
	return term
})

var anyAlternative = rapid.OneOf(
	rapid.Custom(func(t *rapid.T) assurance.Alternative { return rapid.SliceOfN(anyTerm, 0, 3).Draw(t, "terms") }),
	rapid.SampledFrom([]assurance.Alternative{
		one(assurance.MethodPassword), one(assurance.MethodPassword, assurance.MethodSMS), one(assurance.MethodPassword, assurance.MethodOTP),
		one(assurance.MethodEDS), one(assurance.MethodPassword, assurance.MethodSMS, assurance.MethodOTP),
	}),
)

var anyStep = rapid.Custom(func(t *rapid.T) assurance.Step {
	return assurance.Step{
		Action: rapid.SampledFrom([]assurance.Action{assurance.ActionLogin, assurance.ActionEnrol,
			assurance.ActionProve, assurance.ActionPresent, "dance"}).Draw(t, "action"),
		Method:   anyMethod.Draw(t, "method"),
		Proofing: anyProofing.Draw(t, "proofing"),
		From:     anyStage.Draw(t, "from"),
		To:       anyStage.Draw(t, "to"),
		Soonest:  anyAge.Draw(t, "soonest"),
	}
})

var anyPolicy = rapid.Custom(func(t *rapid.T) assurance.Policy {
	p := assurance.Policy{Steps: rapid.SliceOfN(anyStep, 0, 6).Draw(t, "steps"), DocumentGrace: anyAge.Draw(t, "grace")}
	alternatives := rapid.SliceOfN(anyAlternative, 0, 5)
	for i := range 4 - rapid.SampledFrom([]int{0, 0, 0, 0, 1, 1, 2, 4}).Draw(t, "levels fewer") {
		l := assurance.Level{
			Name:     assurance.LevelName("l" + string(rune('0'+i))),
			Identity: neededStage.Draw(t, "identity"),
		}
		l.ACR = "urn:example:" + string(l.Name)
		l.Login = alternatives.Draw(t, "login")
		p.Levels = append(p.Levels, l)
	}
	return p
})

var anyUse = rapid.Custom(func(t *rapid.T) assurance.Use {
	u := assurance.Use{
		Method:     anyMethod.Draw(t, "method"),
		At:         now.Add(-anyAge.Draw(t, "ago")),
		AMR:        anyAMR.Draw(t, "amr"),
		DependsOn:  anyContact.Draw(t, "depends on"),
		BoundLevel: anyLimit.Draw(t, "bound"),
		Cap:        anyLimit.Draw(t, "cap"),
	}
	switch rapid.IntRange(0, 9).Draw(t, "odd") {
	case 9:
		u.NotBefore = now.Add(anyAge.Draw(t, "early"))
	case 1:
		u.Channel = "upload"
	case 2:
		u.Issuer = "ca"
	case 3:
		u.At = now.Add(anyAge.Draw(t, "ahead") / 30)
	}
	return u
})

var anyProof = rapid.Custom(func(t *rapid.T) assurance.Proofing {
	f := assurance.Proofing{
		Method:          anyProofing.Draw(t, "method"),
		Stage:           anyStage.Draw(t, "stage"),
		At:              now.Add(-day),
		Cap:             anyLimit.Draw(t, "cap"),
		DocumentExpired: rapid.Bool().Draw(t, "document expired"),
	}
	switch rapid.IntRange(0, 6).Draw(t, "time") {
	case 2:
		f.DocumentUntil = now.Add(anyAge.Draw(t, "document left") - 5*time.Minute)
	case 0:
		f.ExpiresAt = now.Add(anyAge.Draw(t, "left") - 5*time.Minute)
	case 1:
		f.NotBefore = now.Add(anyAge.Draw(t, "until it counts") - 5*time.Minute)
	}
	return f
})

var anySituation = rapid.Custom(func(t *rapid.T) assurance.Situation {
	s := assurance.Situation{
		Now: now, Civil: now,
		Stage:     anyStage.Draw(t, "stage"),
		Uses:      rapid.SliceOfN(anyUse, 0, 6).Draw(t, "uses"),
		Proofings: rapid.SliceOfN(anyProof, 0, 4).Draw(t, "proofings"),
		Anchored:  rapid.Bool().Draw(t, "anchored"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "authenticators") {
		s.Authenticators = append(s.Authenticators, assurance.Authenticator{
			Method: anyMethod.Draw(t, "has"), BoundLevel: anyLimit.Draw(t, "has bound"), DependsOn: anyContact.Draw(t, "has depends"),
		})
	}
	return s
})

var anyRequirement = rapid.Custom(func(t *rapid.T) assurance.Requirement {
	r := assurance.Requirement{Level: anyNeed.Draw(t, "level")}
	if rapid.IntRange(0, 3).Draw(t, "aged") == 3 {
		r.MaxAge = anyAge.Draw(t, "max age")
	}
	if rapid.IntRange(0, 3).Draw(t, "again") == 3 {
		r.UsesAfter = now.Add(-anyAge.Draw(t, "began"))
	}
	if rapid.IntRange(0, 3).Draw(t, "excluding") == 3 {
		r.ExcludedMethods = rapid.SliceOfN(anyMethod, 0, 2).Draw(t, "excluded methods")
		r.ExcludedProofings = rapid.SliceOfN(anyProofing, 0, 2).Draw(t, "excluded proofings")
	}
	r.Renewal = rapid.IntRange(0, 3).Draw(t, "renewal") == 3
	if rapid.IntRange(0, 3).Draw(t, "current") == 3 {
		r.Document = assurance.DocumentCurrent
	}
	return r
})

// TestMain makes each law try more than rapid's hundred cases.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "5000"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}

func isGranted(d assurance.Decision) bool {
	_, ok := d.(assurance.Granted)
	return ok
}

func TestLaw_MoreEvidenceNeverLowersTheLevel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, r, s := anyPolicy.Draw(t, "policy"), anyRequirement.Draw(t, "requirement"), anySituation.Draw(t, "situation")
		r.Level = ""
		less, _ := assurance.Decide(p, r, s).(assurance.Granted)
		s.Uses = append(slices.Clone(s.Uses), rapid.SliceOfN(anyUse, 0, 2).Draw(t, "more uses")...)
		s.Proofings = append(slices.Clone(s.Proofings), rapid.SliceOfN(anyProof, 0, 2).Draw(t, "more proofings")...)
		s.Authenticators = append(slices.Clone(s.Authenticators), assurance.Authenticator{Method: anyMethod.Draw(t, "one more")})
		more, _ := assurance.Decide(p, r, s).(assurance.Granted)
		if p.Compare(more.Level, less.Level) < 0 {
			t.Fatalf("fell from %q to %q", less.Level, more.Level)
		}
	})
}

func TestLaw_AHigherRequirementIsNeverEasier(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, s := anyPolicy.Draw(t, "policy"), anySituation.Draw(t, "situation")
		a, b := anyRequirement.Draw(t, "requirement"), anyRequirement.Draw(t, "another")
		both := p.Strictest(a, b)
		if !isGranted(assurance.Decide(p, both, s)) {
			return
		}
		for _, r := range []assurance.Requirement{a, b, {Renewal: both.Renewal}} {
			if !isGranted(assurance.Decide(p, r, s)) {
				t.Fatalf("%+v is met but %+v is not", both, r)
			}
		}
	})
}

func TestLaw_AddingAnAuthenticatorNeverRaisesTheLevelAboveItsSession(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, s := anyPolicy.Draw(t, "policy"), anySituation.Draw(t, "situation")
		session := levelOf(p, s)
		if session == "" {
			return // a session that proves nothing adds nothing
		}
		for _, u := range rapid.SliceOfN(anyUse, 1, 3).Draw(t, "added") {
			u.BoundLevel = session
			s.Uses = append(slices.Clone(s.Uses), u)
		}
		if got := levelOf(p, s); p.Compare(got, session) > 0 {
			t.Fatalf("rose from %q to %q", session, got)
		}
	})
}

func TestLaw_AfterAnySatisfiedMaxAgeTheAgeFitsIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, r, s := anyPolicy.Draw(t, "policy"), anyRequirement.Draw(t, "requirement"), anySituation.Draw(t, "situation")
		seconds := rapid.IntRange(1, 600).Draw(t, "max_age")
		r.MaxAge = time.Duration(seconds) * time.Second
		s.Now = now.Add(anyAge.Draw(t, "later"))
		g, ok := assurance.Decide(p, r, s).(assurance.Granted)
		if !ok {
			return
		}
		if age := s.Now.Sub(g.AuthTime); age < 0 || age > r.MaxAge {
			t.Fatalf("age %v, max_age %v", age, r.MaxAge)
		}
		// On the wire both times are whole seconds; it must fit there as well.
		if age := s.Now.Unix() - g.AuthTime.Unix(); age < 0 || age > int64(seconds) {
			t.Fatalf("age on the wire %d, max_age %d", age, seconds)
		}
		if g.AuthTime.Before(r.UsesAfter) {
			t.Fatalf("auth_time %v is before %v", g.AuthTime, r.UsesAfter)
		}
	})
}

func TestLaw_AnExpiredProofingCountsForNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, r, s := anyPolicy.Draw(t, "policy"), anyRequirement.Draw(t, "requirement"), anySituation.Draw(t, "situation")
		without := assurance.Decide(p, r, s)
		expired := anyProof.Draw(t, "expired")
		expired.ExpiresAt = now.Add(-anyAge.Draw(t, "since"))
		at := rapid.IntRange(0, len(s.Proofings)).Draw(t, "at")
		s.Proofings = slices.Insert(slices.Clone(s.Proofings), at, expired)
		if with := assurance.Decide(p, r, s); outcome(with) != outcome(without) {
			t.Fatalf("with it %+v, without it %+v", with, without)
		}
	})
}

func TestLaw_DecideIsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, r, s := anyPolicy.Draw(t, "policy"), anyRequirement.Draw(t, "requirement"), anySituation.Draw(t, "situation")
		if rapid.Bool().Draw(t, "no times") {
			s.Now, s.Civil = time.Time{}, time.Time{}
		}
		switch d := assurance.Decide(p, r, s).(type) {
		case assurance.Granted:
			checkGranted(t, p, r, s, d)
		case assurance.Ways:
			checkWays(t, p, r, s, d)
		case assurance.Refuse:
			if d.Reason == "" || (d.Reachable != "" && p.Compare(d.Reachable, r.Level) >= 0) {
				t.Fatalf("refused by %+v", d)
			}
		default:
			t.Fatalf("decided %T", d)
		}
	})
}

// checkGranted checks that nothing is asserted that did not happen.
func checkGranted(t *rapid.T, p assurance.Policy, r assurance.Requirement, s assurance.Situation, g assurance.Granted) {
	level, known := p.Level(g.Level)
	if !known || level.ACR != g.ACR || p.Compare(g.Level, r.Level) < 0 {
		t.Fatalf("granted %+v for %+v", g, r)
	}
	if len(g.Uses) == 0 || len(g.Methods) != len(g.Uses) {
		t.Fatalf("granted by %d uses and %d methods", len(g.Uses), len(g.Methods))
	}
	for _, u := range g.Uses {
		happened := slices.ContainsFunc(s.Uses, func(o assurance.Use) bool { return reflect.DeepEqual(o, u) })
		if !happened || g.AuthTime.After(u.At) && g.AuthTime.After(s.Now) {
			t.Fatalf("use %+v, auth_time %v", u, g.AuthTime)
		}
		for _, limit := range []assurance.LevelName{u.BoundLevel, u.Cap} {
			if limit != "" && p.Compare(g.Level, limit) > 0 {
				t.Fatalf("%s by a use that may count for %s", g.Level, limit)
			}
		}
		if slices.ContainsFunc(r.ExcludedMethods, u.Method.Is) {
			t.Fatalf("an excluded %s counted", u.Method)
		}
	}
	for _, value := range g.AMR {
		if !assurance.KnownAMR(value) {
			t.Fatalf("amr %q is not of RFC 8176", value)
		}
	}
}

// checkWays checks that a way says what it takes and holds no step in vain.
func checkWays(t *rapid.T, p assurance.Policy, r assurance.Requirement, s assurance.Situation, w assurance.Ways) {
	if len(w.Ways) == 0 {
		t.Fatal("no way among the ways")
	}
	for i, way := range w.Ways {
		if len(way.Steps) == 0 || (i > 0 && way.Soonest < w.Ways[i-1].Soonest) {
			t.Fatalf("way %d is %+v", i, way)
		}
		// With only some of its steps on offer the way must not be found.
		fewer := p
		fewer.Steps = way.Steps[:len(way.Steps)-1]
		if d, ok := assurance.Decide(fewer, r, s).(assurance.Ways); ok {
			t.Fatalf("%+v ends in the procedure without its last step: %+v", way, d)
		}
		fewer.Steps = way.Steps
		if _, ok := assurance.Decide(fewer, r, s).(assurance.Ways); !ok {
			t.Fatalf("%+v does not end in the procedure", way)
		}
	}
}

func TestLaw_WhatASessionForgetsNeverMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, r, s := anyPolicy.Draw(t, "policy"), anyRequirement.Draw(t, "requirement"), anySituation.Draw(t, "situation")
		var kept []assurance.Use
		for i := range s.Uses {
			if s.Uses[i].At.After(now) {
				s.Uses[i].At = now // a session remembers what happened, not what will
			}
			if rapid.Bool().Draw(t, "same again") && i > 0 {
				at := s.Uses[i].At
				s.Uses[i] = s.Uses[i-1]
				s.Uses[i].At = at
			}
			kept = assurance.Remember(kept, s.Uses[i])
		}
		all, _ := assurance.Decide(p, r, s).(assurance.Granted)
		s.Uses = kept
		few, _ := assurance.Decide(p, r, s).(assurance.Granted)
		if all.Level != few.Level || !all.AuthTime.Equal(few.AuthTime) {
			t.Fatalf("all %+v, kept %+v", all, few)
		}
	})
}
