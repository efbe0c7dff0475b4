package assurance_test

import (
	"testing"
	"time"

	"surety/assurance"
)

// Decide runs in every token request (DESIGN §10), so the common answer has to
// cost nothing that shows beside one signature (31 µs).

func BenchmarkDecide_Granted(b *testing.B) {
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, time.Minute), used(assurance.MethodOTP, 0))
	bench(b, assurance.Requirement{Level: substantial, MaxAge: time.Hour}, s)
}

func BenchmarkDecide_GrantedByPassword(b *testing.B) {
	bench(b, assurance.Requirement{Level: basic}, person(assurance.StageSimplified, used(assurance.MethodPassword, time.Minute)))
}

func BenchmarkDecide_Ways(b *testing.B) {
	s := having(person(assurance.StageSimplified, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	bench(b, assurance.Requirement{Level: substantial}, s)
}

func BenchmarkDecide_Refuse(b *testing.B) {
	s := having(person(assurance.StageSimplified, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	bench(b, assurance.Requirement{Level: high, ExcludedMethods: []assurance.Method{assurance.MethodIDCard}}, s)
}

func bench(b *testing.B, r assurance.Requirement, s assurance.Situation) {
	p := fourLevels()
	b.ReportAllocs()
	for b.Loop() {
		assurance.Decide(p, r, s)
	}
}

// Granting allocates what it hands out (the decision, its uses, methods and
// amr) and nothing else. Not parallel: it counts.
func TestGrantingAllocatesOnlyItsAnswer(t *testing.T) {
	p := fourLevels()
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, time.Minute), used(assurance.MethodOTP, 0))
	r := assurance.Requirement{Level: substantial, MaxAge: time.Hour}
	if n := testing.AllocsPerRun(100, func() { assurance.Decide(p, r, s) }); n > 4 {
		t.Errorf("%v allocations, want no more than 4", n)
	}
}
