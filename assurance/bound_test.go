package assurance

import (
	"testing"
	"time"
)

// TestDecide_IsBoundedForAPolicyMadeToBeSlow counts work, not time: a search
// through every set of four steps out of 32, at every level, would look at
// forty thousand situations.
func TestDecide_IsBoundedForAPolicyMadeToBeSlow(t *testing.T) {
	t.Parallel()
	p := Policy{Version: 1}
	methods := []Method{MethodPassword, MethodIdentifier, MethodOTP, MethodSMS}
	l := Level{Name: "only", ACR: "urn:only", Identity: StageConfirmed}
	for range 32 {
		var a Alternative
		for _, m := range methods {
			a = append(a, Term{Method: m, Channel: []string{"never"}})
		}
		l.Login = append(l.Login, a)
	}
	p.Levels = []Level{l}
	for i := range MaxOffered {
		p.Steps = append(p.Steps, Step{Action: ActionLogin, Method: methods[i%len(methods)]})
	}
	s := Situation{Now: time.Unix(1_777_777_777, 0), Civil: time.Unix(1_777_777_777, 0), Stage: StageSimplified}
	for _, m := range methods {
		s.Authenticators = append(s.Authenticators, Authenticator{Method: m})
	}
	x := explorer{policy: p, target: 0}
	x.grow(s, trail{}, 0, false)
	if x.looks < maxLooks || x.looks > maxLooks+MaxOffered*maxSteps {
		t.Errorf("%d situations looked at", x.looks)
	}
	if _, ok := Decide(p, Requirement{}, s).(Refuse); !ok {
		t.Error("not refused")
	}
}
