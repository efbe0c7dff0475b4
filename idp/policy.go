package idp

import (
	"time"

	"surety/assurance"
)

// StoredPolicy is one version of the policy as it was brought into force
// (DESIGN §3). What is stored never changes: a mistake is answered by a next
// version.
type StoredPolicy struct {
	Version     int
	Profile     string // whose it is; one database holds one profile's policies
	Source      string // policy.yaml as it was given
	EffectiveAt time.Time
	ActivatedAt time.Time
	ActivatedBy string // operator's id, "command" or "system"
}

// Standing is what the rules know of an account that nobody is logged in to:
// how its identity is known, and what it could log in with. Nothing in it is
// personal, so that reading it needs no decryption.
type Standing struct {
	AccountID      AccountID
	State          AccountState
	Stage          assurance.Stage
	Proofings      []assurance.Proofing // those not revoked
	Authenticators []assurance.Authenticator
	// Anchored says that a contact which was confirmed at proofing stands unchanged.
	Anchored bool
}

// Situation is the best that the person could show now: every authenticator
// used at this moment.
func (s Standing) Situation(now, civil time.Time) assurance.Situation {
	situation := assurance.Situation{
		Now: now, Civil: civil, Stage: s.Stage, Proofings: s.Proofings, Authenticators: s.Authenticators, Anchored: s.Anchored,
	}
	for _, a := range s.Authenticators {
		situation.Uses = append(situation.Uses, a.UsedAt(now))
	}
	return situation
}
