package lint_test

import (
	"time"

	"surety/assurance"
)

// Short names, so that examples read as sentences.
const (
	basic       = assurance.LevelName("basic")
	checked     = assurance.LevelName("checked")
	substantial = assurance.LevelName("substantial")
	high        = assurance.LevelName("high")
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

var head = assurance.Acting{Capacity: assurance.CapacityOrganisation, Role: "head"}
