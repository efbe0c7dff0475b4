package assurance

// Counting are the proofings that count under the requirement at the
// situation's civil time, in their order, each with the stage that it is worth:
// never above the account's, nor above what its cap leaves. Those that are worth
// no more than a statement of one's own are left out, and while two policies
// must agree, so is what either of them does not count.
func (r Rules) Counting(q Requirement, s Situation) []Proofing {
	var out []Proofing
	for _, proof := range s.Proofings {
		stage := r.Policy.worth(&proof, &q, s)
		for i := range r.Also {
			stage = lower(stage, r.Also[i].worth(&proof, &q, s))
		}
		if stage.Compare(StageSimplified) > 0 {
			proof.Stage = stage
			out = append(out, proof)
		}
	}
	return out
}

// worth is the stage that a proofing supports by itself. A cap is a level: one
// that is below what the stage alone would reach leaves the stage of that level.
func (p *Policy) worth(f *Proofing, q *Requirement, s Situation) Stage {
	if p.drops(f, q, s.Civil) != "" {
		return StageSimplified
	}
	stage, limit := lower(f.Stage, s.Stage), p.limit(f.Cap)
	switch {
	case limit < 0:
		return StageSimplified
	case limit < p.identityRank(stage):
		return lower(stage, p.Levels[limit].Identity)
	}
	return stage
}
