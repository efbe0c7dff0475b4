package assurance_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
)

// missingTerm is the first note about a term of the level that nothing fills.
func missingTerm(t assurance.Trace, level assurance.LevelName) assurance.Note {
	for _, l := range t.Levels {
		for _, term := range l.Nearest.Terms {
			if l.Level == level && term.Use < 0 {
				return term.Note
			}
		}
	}
	return assurance.Note{}
}

func TestExplainSaysWhyAUseDoesNotCount(t *testing.T) {
	t.Parallel()
	cases := map[assurance.Cause]func(*assurance.Use, *assurance.Requirement){
		assurance.CauseFuture:       func(u *assurance.Use, _ *assurance.Requirement) { u.At = now.Add(time.Minute) },
		assurance.CauseNotYet:       func(u *assurance.Use, _ *assurance.Requirement) { u.NotBefore = now.Add(1) },
		assurance.CauseTooOld:       func(u *assurance.Use, r *assurance.Requirement) { u.At, r.MaxAge = now.Add(-day), time.Hour },
		assurance.CauseBefore:       func(u *assurance.Use, r *assurance.Requirement) { u.At, r.UsesAfter = now.Add(-1), now },
		assurance.CauseExcluded:     func(u *assurance.Use, r *assurance.Requirement) { r.ExcludedMethods = []assurance.Method{u.Method} },
		assurance.CauseUnknownLevel: func(u *assurance.Use, _ *assurance.Requirement) { u.Cap = "gone" },
	}
	for cause, spoil := range cases {
		t.Run(string(cause), func(t *testing.T) {
			t.Parallel()
			u, r := used(assurance.MethodIDCard, 0), assurance.Requirement{Level: high}
			spoil(&u, &r)
			trace := assurance.Explain(fourLevels(), r, person(assurance.StageConfirmed, u))
			if got := trace.Uses[0]; got.Counts || got.UpTo != "" || got.Notes[0].Cause != cause {
				t.Errorf("use %+v", got)
			}
		})
	}
}

func TestExplainSaysWhyAProofingDoesNotCount(t *testing.T) {
	t.Parallel()
	cases := map[assurance.Cause]func(*assurance.Proofing, *assurance.Requirement, *assurance.Situation){
		assurance.CauseExpired: func(f *assurance.Proofing, _ *assurance.Requirement, _ *assurance.Situation) { f.ExpiresAt = now },
		assurance.CauseNotYet: func(f *assurance.Proofing, _ *assurance.Requirement, _ *assurance.Situation) {
			f.NotBefore = now.Add(1)
		},
		assurance.CauseDocument: func(f *assurance.Proofing, r *assurance.Requirement, _ *assurance.Situation) {
			f.DocumentExpired, r.Document = true, assurance.DocumentCurrent
		},
		assurance.CauseGrace: func(f *assurance.Proofing, _ *assurance.Requirement, _ *assurance.Situation) { f.DocumentUntil = now },
		assurance.CauseExcluded: func(f *assurance.Proofing, r *assurance.Requirement, _ *assurance.Situation) {
			r.ExcludedProofings = []assurance.ProofingMethod{f.Method}
		},
		assurance.CauseNoCivil: func(_ *assurance.Proofing, _ *assurance.Requirement, s *assurance.Situation) { s.Civil = time.Time{} },
	}
	for cause, spoil := range cases {
		t.Run(string(cause), func(t *testing.T) {
			t.Parallel()
			s, r := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0)), assurance.Requirement{Level: high}
			spoil(&s.Proofings[0], &r, &s)
			trace := assurance.Explain(fourLevels(), r, s)
			if got := trace.Proofs[0]; got.Counts || got.Notes[0].Cause != cause {
				t.Errorf("proofing %+v", got)
			}
			if l := trace.Levels[3]; l.Identity || l.Missing != assurance.StageConfirmed || !l.Login {
				t.Errorf("level %+v", l)
			}
		})
	}
}

func TestExplainSaysHowFarEvidenceCountsAndWhatIsMissing(t *testing.T) {
	t.Parallel()
	otp := used(assurance.MethodOTP, 0)
	otp.BoundLevel = checked
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, 0), otp)
	s.Stage = assurance.StageStandard
	trace := assurance.Explain(fourLevels(), assurance.Requirement{Level: substantial}, s)
	if u := trace.Uses[1]; !u.Counts || u.UpTo != checked || u.Notes[0].Cause != assurance.CauseBound || u.Notes[0].Level != checked {
		t.Errorf("the app %+v", u)
	}
	if f := trace.Proofs[0]; !f.Counts || f.UpTo != checked || f.Notes[0].Cause != assurance.CauseStage {
		t.Errorf("the proofing %+v", f)
	}
	if note := missingTerm(trace, substantial); note.Cause != assurance.CauseBound {
		t.Errorf("nearest to substantial lacks %+v, want the app that is limited", note)
	}
	holds := make([]bool, len(trace.Levels))
	for i, l := range trace.Levels {
		holds[i] = l.Login && l.Identity
	}
	if !slices.Equal(holds, []bool{true, true, false, false}) || trace.Required != substantial || !trace.Accepted {
		t.Errorf("trace %+v", trace)
	}
}

func TestExplainSaysWhatATermLacks(t *testing.T) {
	t.Parallel()
	cases := map[assurance.Cause]assurance.Term{
		assurance.CauseAMR:     {Method: assurance.MethodEDS, AMR: []string{"swk"}},
		assurance.CauseChannel: {Method: assurance.MethodEDS, Channel: []string{"tls"}},
		assurance.CauseIssuer:  {Method: assurance.MethodEDS, Issuer: []string{"State CA"}},
		assurance.CauseTermAge: {Method: assurance.MethodEDS, MaxAge: time.Minute},
		assurance.CauseNoUse:   {Method: assurance.MethodIDCard},
	}
	for cause, term := range cases {
		p := fourLevels()
		p.Levels[3].Login = []assurance.Alternative{{term}}
		trace := assurance.Explain(p, assurance.Requirement{Level: high}, person(assurance.StageConfirmed, used(assurance.MethodEDS, time.Hour)))
		if note := missingTerm(trace, high); note.Cause != cause {
			t.Errorf("told %+v, want %s", note, cause)
		}
	}
}
