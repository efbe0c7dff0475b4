package assurance_test

import (
	"testing"
	"time"

	"surety/assurance"
)

// The moment at which every example is decided.
var now = time.Date(2026, time.May, 3, 12, 0, 0, 0, time.UTC)

// Short names, so that examples read as sentences.
const (
	basic       = assurance.LevelName("basic")
	checked     = assurance.LevelName("checked")
	substantial = assurance.LevelName("substantial")
	high        = assurance.LevelName("high")

	phone = assurance.ContactID("phone")
	mail  = assurance.ContactID("mail")
)

// one is an alternative of methods, without further conditions.
func one(methods ...assurance.Method) assurance.Alternative {
	var a assurance.Alternative
	for _, m := range methods {
		a = append(a, assurance.Term{Method: m})
	}
	return a
}

// fourLevels is the policy that DESIGN §3 shows, with every step that an
// office could offer.
func fourLevels() assurance.Policy {
	return assurance.Policy{
		Version: 7,
		Levels: []assurance.Level{
			{Name: basic, ACR: "urn:example:basic", Identity: assurance.StageSimplified, Login: []assurance.Alternative{
				one(assurance.MethodPassword), one(assurance.MethodSMS), one(assurance.MethodPasskey), one(assurance.MethodFederated),
			}},
			{Name: checked, ACR: "urn:example:checked", Identity: assurance.StageStandard, Login: []assurance.Alternative{
				one(assurance.MethodPassword),
			}},
			{Name: substantial, ACR: "urn:example:substantial", Identity: assurance.StageConfirmed, Login: []assurance.Alternative{
				one(assurance.MethodIdentifier), one(assurance.MethodPassword, assurance.MethodOTP),
				one(assurance.MethodPassword, assurance.MethodSMS), one(assurance.MethodPasskey),
			}},
			{Name: high, ACR: "urn:example:high", Identity: assurance.StageConfirmed, Login: []assurance.Alternative{
				one(assurance.MethodEDS), one(assurance.MethodIDCard), one(assurance.MethodResidencePermit),
			}},
		},
		Steps: []assurance.Step{
			{Action: assurance.ActionLogin, Method: assurance.MethodPassword, Soonest: time.Minute, Latest: time.Minute},
			{Action: assurance.ActionProve, Proofing: assurance.ProofingRegistry, To: assurance.StageStandard,
				Soonest: 5 * time.Minute, Latest: 5 * day},
			{Action: assurance.ActionProve, Proofing: assurance.ProofingLetter, From: assurance.StageStandard, To: assurance.StageConfirmed,
				Soonest: 14 * day, Latest: 35 * day},
			{Action: assurance.ActionProve, Proofing: assurance.ProofingCounter, To: assurance.StageConfirmed,
				Soonest: 3 * time.Hour, Latest: day, Needs: []string{"document"}},
			{Action: assurance.ActionLogin, Method: assurance.MethodOTP, Soonest: time.Minute, Latest: time.Minute},
			{Action: assurance.ActionLogin, Method: assurance.MethodPasskey, Soonest: time.Minute, Latest: time.Minute},
			{Action: assurance.ActionEnrol, Method: assurance.MethodOTP, Soonest: 3 * time.Minute, Latest: 10 * time.Minute, Needs: []string{"phone"}},
			{Action: assurance.ActionPresent, Method: assurance.MethodIDCard, Proofing: assurance.ProofingIDCard, To: assurance.StageConfirmed,
				Soonest: 2 * time.Minute, Latest: 10 * time.Minute, Needs: []string{"card", "reader"}},
		},
	}
}

const day = 24 * time.Hour

// used is a login by the method, some time ago.
func used(m assurance.Method, ago time.Duration) assurance.Use {
	proves := map[assurance.Method][]string{
		assurance.MethodPassword: {"pwd"}, assurance.MethodIdentifier: {"pwd"}, assurance.MethodOTP: {"otp"},
		assurance.MethodSMS: {"sms"}, assurance.MethodPasskey: {"hwk", "user"}, assurance.MethodEDS: {"hwk"},
		assurance.MethodIDCard: {"sc", "hwk", "pin"}, assurance.MethodResidencePermit: {"sc", "hwk", "pin"},
	}
	return assurance.Use{Method: m, At: now.Add(-ago), AMR: proves[m]}
}

// proven is a proofing of last month that supports the stage without end.
func proven(stage assurance.Stage, by assurance.ProofingMethod) assurance.Proofing {
	return assurance.Proofing{Method: by, Version: 1, Stage: stage, At: now.Add(-30 * day)}
}

// person is an account at the stage, with the proofing that leads there, that
// logged in by these uses.
func person(stage assurance.Stage, uses ...assurance.Use) assurance.Situation {
	s := assurance.Situation{Now: now, Civil: now, Stage: stage, Uses: uses}
	switch stage {
	case assurance.StageStandard:
		s.Proofings = []assurance.Proofing{proven(stage, assurance.ProofingRegistry)}
	case assurance.StageConfirmed:
		s.Proofings = []assurance.Proofing{proven(stage, assurance.ProofingCounter)}
	}
	return s
}

// granted decides and demands that the requirement is met.
func granted(t *testing.T, r assurance.Requirement, s assurance.Situation) assurance.Granted {
	t.Helper()
	d := assurance.Decide(fourLevels(), r, s)
	g, ok := d.(assurance.Granted)
	if !ok {
		t.Fatalf("decided %T %+v, want Granted", d, d)
	}
	return g
}

// levelOf is the level that the situation reaches by itself, "" for none.
func levelOf(p assurance.Policy, s assurance.Situation) assurance.LevelName {
	g, _ := assurance.Decide(p, assurance.Requirement{}, s).(assurance.Granted)
	return g.Level
}
