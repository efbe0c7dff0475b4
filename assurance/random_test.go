package assurance_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"surety/assurance"
)

// world is one random case: a policy and one that takes its place, two
// requirements and a person. It is drawn in well under the time of a decision,
// prefers few names and near times, so that things meet, and is told by its
// seed and number alone.
type world struct {
	*rand.Rand
	p, other assurance.Policy
	r, also  assurance.Requirement
	s        assurance.Situation

	decision assurance.Decision // what is decided about p, r and s
}

func draw(seed, number uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, number))}
	w.p = w.policy()
	w.other = w.changed(w.p)
	w.r, w.also = w.requirement(), w.requirement()
	w.s = w.situation()
	w.decision = assurance.Decide(w.p, w.r, w.s)
	return w
}

var (
	drawnMethods = []assurance.Method{
		assurance.MethodPassword, assurance.MethodPassword, assurance.MethodPassword, assurance.MethodSMS, assurance.MethodSMS,
		assurance.MethodOTP, assurance.MethodOTP, assurance.MethodEDS, assurance.MethodFederated, "federated:bank", "federated:post", "unknown",
	}
	drawnStages = []assurance.Stage{
		assurance.StageConfirmed, assurance.StageConfirmed, assurance.StageConfirmed, assurance.StageStandard, assurance.StageStandard,
		assurance.StageSimplified, "unknown", "",
	}
	drawnNeeds = []assurance.Stage{
		assurance.StageSimplified, assurance.StageSimplified, assurance.StageStandard, assurance.StageStandard, assurance.StageConfirmed, "unknown",
	}
	drawnProofings = []assurance.ProofingMethod{
		assurance.ProofingRegistry, assurance.ProofingLetter, assurance.ProofingCounter, assurance.ProofingEDS, assurance.ProofingIDCard,
	}
	drawnLimits     = []assurance.LevelName{"", "", "", "", "", "", "", "", "l0", "l1", "l2", "l3", "gone"}
	drawnLevels     = []assurance.LevelName{"", "", "", "l0", "l0", "l0", "l1", "l1", "l1", "l2", "l2", "l3", "gone"}
	drawnAMR        = []string{"pwd", "otp", "sms", "hwk", "sc", "pin", "mfa", "house"}
	drawnContacts   = []assurance.ContactID{phone, mail}
	drawnActions    = []assurance.Action{assurance.ActionLogin, assurance.ActionEnrol, assurance.ActionProve, assurance.ActionPresent, assurance.ActionAct, "dance"}
	drawnCapacities = []assurance.Capacity{
		"", assurance.CapacitySelf, assurance.CapacityOrganisation, assurance.CapacityOrganisation, assurance.CapacityGuardian, assurance.CapacityNone, "king",
	}
	drawnRoles  = []string{"", "head", "clerk"}
	drawnLogins = []assurance.Alternative{
		one(assurance.MethodPassword), one(assurance.MethodPassword, assurance.MethodSMS), one(assurance.MethodPassword, assurance.MethodOTP),
		one(assurance.MethodEDS), one(assurance.MethodPassword, assurance.MethodSMS, assurance.MethodOTP),
		{{Method: assurance.MethodPassword, AMR: []string{"pwd"}}}, {{Method: assurance.MethodEDS, Channel: []string{"upload"}}},
		{{Method: assurance.MethodOTP, Issuer: []string{"ca"}}}, {{Method: assurance.MethodPassword, MaxAge: time.Minute}}, {},
	}
)

func pick[T any](w *world, of []T) T { return of[w.IntN(len(of))] }

// some draws up to n.
func some[T any](w *world, n int, draw func() T) []T {
	var all []T
	for range w.IntN(n + 1) {
		all = append(all, draw())
	}
	return all
}

// often is true once in n.
func (w *world) often(n int) bool { return w.IntN(n) == 0 }

// age is up to ten minutes, sometimes with a fraction of a second.
func (w *world) age() time.Duration {
	age := time.Duration(w.IntN(600)) * time.Second
	if w.often(3) {
		age += pick(w, []time.Duration{1, 999_999_999})
	}
	return age
}

// around is a civil time near now, before or after.
func (w *world) around() time.Time { return now.Add(w.age() - 5*time.Minute) }

func (w *world) method() assurance.Method           { return pick(w, drawnMethods) }
func (w *world) proofing() assurance.ProofingMethod { return pick(w, drawnProofings) }
func (w *world) amr() string                        { return pick(w, drawnAMR) }
func (w *world) contact() assurance.ContactID       { return pick(w, drawnContacts) }
func (w *world) acting() assurance.Acting {
	return assurance.Acting{Capacity: pick(w, drawnCapacities), Role: pick(w, drawnRoles)}
}
func (w *world) alternative() assurance.Alternative {
	if w.often(6) {
		return some(w, 3, func() assurance.Term { return assurance.Term{Method: w.method(), AMR: some(w, 1, w.amr)} })
	}
	return pick(w, drawnLogins)
}

func (w *world) policy() assurance.Policy {
	var p assurance.Policy
	for i := range pick(w, []int{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 2, 1, 0}) {
		name := "l" + strconv.Itoa(i)
		p.Levels = append(p.Levels, assurance.Level{
			Name: assurance.LevelName(name), ACR: "urn:example:" + name,
			Identity: pick(w, drawnNeeds), Login: some(w, 4, w.alternative),
		})
	}
	if !w.often(4) { // as a policy is meant to be, and Check demands
		slices.SortFunc(p.Levels, func(a, b assurance.Level) int {
			return cmp.Or(a.Identity.Compare(b.Identity), cmp.Compare(a.Name, b.Name))
		})
	}
	p.Steps = append(some(w, 4, w.step), w.useful()...)
	p.Capacities = some(w, 2, func() assurance.CapacityRule {
		return assurance.CapacityRule{Capacity: pick(w, drawnCapacities), Level: pick(w, drawnLevels)}
	})
	if w.often(2) {
		p.DocumentGrace = w.age() - time.Minute
	}
	return p
}

// useful are steps that most offices have.
func (w *world) useful() []assurance.Step {
	if w.often(2) {
		return nil
	}
	return []assurance.Step{
		{Action: assurance.ActionLogin, Method: assurance.MethodPassword, Soonest: w.age()},
		{Action: assurance.ActionProve, Proofing: w.proofing(), To: assurance.StageConfirmed, Soonest: w.age()},
		{Action: assurance.ActionEnrol, Method: pick(w, drawnMethods[5:8]), Soonest: w.age()},
	}
}

func (w *world) step() assurance.Step {
	return assurance.Step{
		Action: pick(w, drawnActions), Method: w.method(), Proofing: w.proofing(),
		From: pick(w, drawnStages), To: pick(w, drawnStages), Soonest: w.age(),
	}
}

// changed is a policy that could follow p: a level more or less, values that
// moved, other evidence.
func (w *world) changed(p assurance.Policy) assurance.Policy {
	p.Version++
	p.Levels = slices.Clone(p.Levels)
	p.Steps = slices.Clone(p.Steps)
	for range 1 + w.IntN(2) {
		n := len(p.Levels)
		if n == 0 {
			return w.policy()
		}
		i, j := w.IntN(n), w.IntN(n)
		switch w.IntN(8) {
		case 0:
			p.Levels[i].ACR, p.Levels[j].ACR = p.Levels[j].ACR, p.Levels[i].ACR
		case 1:
			p.Levels[i].Name, p.Levels[j].Name = p.Levels[j].Name, p.Levels[i].Name
		case 2:
			p.Levels = slices.Delete(p.Levels, i, i+1)
		case 3:
			p.Levels[i].Identity = pick(w, drawnNeeds)
		case 4:
			p.Levels[i].ACR = "urn:example:new"
		case 5:
			p.DocumentGrace = w.age()
		case 6:
			p.Capacities = nil
		default:
			p.Levels[i].Login = append(slices.Clip(p.Levels[i].Login), w.alternative())
		}
	}
	return p
}

func (w *world) use() assurance.Use {
	u := assurance.Use{
		Method: w.method(), At: now.Add(-w.age()), AMR: some(w, 2, w.amr), DependsOn: some(w, 1, w.contact),
		BoundLevel: pick(w, drawnLimits), Cap: pick(w, drawnLimits),
	}
	switch w.IntN(12) {
	case 0:
		u.NotBefore = now.Add(w.age())
	case 1:
		u.Channel = "upload"
	case 2:
		u.Issuer = "ca"
	case 3:
		u.At = now.Add(w.age() / 30)
	}
	return u
}

// plainUse is a log-in by what most people have.
func (w *world) plainUse() assurance.Use {
	return assurance.Authenticator{Method: pick(w, drawnMethods[:8])}.UsedAt(now.Add(-w.age()))
}

func (w *world) proof() assurance.Proofing {
	f := assurance.Proofing{
		Method: w.proofing(), Stage: pick(w, drawnStages), At: now.Add(-day), Cap: pick(w, drawnLimits), DocumentExpired: w.often(6),
	}
	switch w.IntN(8) {
	case 0:
		f.ExpiresAt = w.around()
	case 1:
		f.NotBefore = w.around()
	case 2, 3:
		f.DocumentUntil = w.around()
	}
	return f
}

func (w *world) authenticator() assurance.Authenticator {
	return assurance.Authenticator{Method: w.method(), BoundLevel: pick(w, drawnLimits), DependsOn: some(w, 1, w.contact)}
}

func (w *world) situation() assurance.Situation {
	s := assurance.Situation{Now: now, Civil: now}
	if w.often(12) {
		return s // nobody has logged in yet
	}
	s.Stage = pick(w, drawnStages)
	s.Uses = append(some(w, 3, w.use), some(w, 2, w.plainUse)...)
	s.Proofings = some(w, 3, w.proof)
	if w.often(2) {
		s.Stage = assurance.StageConfirmed
		s.Proofings = append(s.Proofings, assurance.Proofing{Method: w.proofing(), Stage: assurance.StageConfirmed, At: now.Add(-day)})
	}
	s.Authenticators = some(w, 3, w.authenticator)
	s.Anchored = w.often(3)
	if w.often(3) {
		s.Acting, s.Rights = w.acting(), some(w, 3, w.acting)
	}
	return s
}

func (w *world) requirement() assurance.Requirement {
	r := assurance.Requirement{Level: pick(w, drawnLevels), Renewal: w.often(5)}
	if w.often(5) {
		r.MaxAge = w.age()
	}
	if w.often(5) {
		r.UsesAfter = now.Add(-w.age())
	}
	if w.often(4) {
		r.ExcludedMethods, r.ExcludedProofings = some(w, 2, w.method), some(w, 2, w.proofing)
	}
	if w.often(5) {
		r.Document = assurance.DocumentCurrent
	}
	if w.often(4) {
		r.Capacities = some(w, 2, func() assurance.CapacityTerm {
			return assurance.CapacityTerm{Capacity: pick(w, drawnCapacities), Roles: some(w, 2, func() string { return pick(w, drawnRoles) })}
		})
	}
	return r
}
