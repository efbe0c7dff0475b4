package profile_test

import (
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/profile"
)

var noon = time.Date(2026, time.May, 3, 12, 0, 0, 0, time.UTC)

// load opens a profile that comes with Surety.
func load(t testing.TB, name string) profile.Profile {
	t.Helper()
	p, err := profile.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// person is somebody whose account is at the stage, proven at a counter, and
// who logged in just now by each of the methods. They have what they used.
func person(stage assurance.Stage, methods ...assurance.Method) assurance.Situation {
	s := assurance.Situation{Now: noon, Civil: noon, Stage: stage}
	if stage != assurance.StageSimplified {
		s.Proofings = []assurance.Proofing{{Method: assurance.ProofingCounter, Stage: stage, At: noon}}
	}
	for _, m := range methods {
		s.Uses = append(s.Uses, assurance.Use{Method: m, At: noon})
		s.Authenticators = append(s.Authenticators, assurance.Authenticator{Method: m})
	}
	return s
}

// level is what the person reaches; empty means none.
func level(p profile.Profile, s assurance.Situation) assurance.LevelName {
	g, _ := assurance.Decide(p.Policy, assurance.Requirement{}, s).(assurance.Granted)
	return g.Level
}

// opens reports whether the person may use what asks for that.
func opens(p profile.Profile, q assurance.Requirement, s assurance.Situation) bool {
	_, granted := assurance.Decide(p.Policy, q, s).(assurance.Granted)
	return granted
}

// ways are the ways of the person to what asks for that; none when it is open
// already or closed for good.
func ways(p profile.Profile, q assurance.Requirement, s assurance.Situation) []assurance.Way {
	w, _ := assurance.Decide(p.Policy, q, s).(assurance.Ways)
	return w.Ways
}
