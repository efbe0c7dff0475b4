package assurance_test

import (
	"fmt"
	"time"

	"surety/assurance"
)

// A person whose identity was confirmed at a counter has logged in with a
// password and opens a procedure that needs more.
func ExampleDecide() {
	policy := fourLevels()
	now := time.Date(2026, time.May, 3, 12, 0, 0, 0, time.UTC)
	situation := assurance.Situation{
		Now:   now,
		Civil: now,
		Stage: assurance.StageConfirmed,
		Uses: []assurance.Use{
			{Method: assurance.MethodPassword, At: now.Add(-time.Minute), AMR: []string{"pwd"}},
		},
		Proofings: []assurance.Proofing{
			{Method: assurance.ProofingCounter, Stage: assurance.StageConfirmed, At: now.AddDate(0, -1, 0)},
		},
		Authenticators: []assurance.Authenticator{
			{Method: assurance.MethodPassword}, {Method: assurance.MethodOTP},
		},
	}

	for _, level := range []assurance.LevelName{"checked", "substantial"} {
		switch d := assurance.Decide(policy, assurance.Requirement{Level: level}, situation).(type) {
		case assurance.Granted:
			fmt.Println(level, "granted by", d.AMR)
		case assurance.Ways:
			fmt.Println(level, "not yet:", d.Ways[0].Steps[0].Action, d.Ways[0].Steps[0].Method)
		case assurance.Refuse:
			fmt.Println(level, "refused:", d.Reason)
		}
	}
	// Output:
	// checked granted by [pwd]
	// substantial not yet: login otp
}
