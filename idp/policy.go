package idp

import "time"

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
