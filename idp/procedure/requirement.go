package procedure

import (
	"surety/assurance"
	"surety/idp/strict"
)

// requirement reads what a person must meet, and asks the policy whether
// anybody can.
func (r *reader) requirement(n *strict.Node) assurance.Requirement {
	var q assurance.Requirement
	r.Mapping(n, strict.Fields{
		"level": strict.Required(func(n *strict.Node) { q.Level = assurance.LevelName(r.notEmpty(n, r.Text(n, maxWord))) }),
		"max_age": strict.Optional(func(n *strict.Node) {
			q.MaxAge = r.Duration(n)
			if d, err := strict.ParseDuration(n.Value); err == nil && (d <= 0 || d > MaxAge) {
				r.Report(n, "how old a login may be, for example 5m", "max_age is not between 1s and %s", WriteDuration(MaxAge))
			}
		}),
		"excluded_methods":   strict.Optional(func(n *strict.Node) { q.ExcludedMethods = excluded[assurance.Method](r, n, "method") }),
		"excluded_proofings": strict.Optional(func(n *strict.Node) { q.ExcludedProofings = excluded[assurance.ProofingMethod](r, n, "proofing") }),
		"document": strict.Optional(func(n *strict.Node) {
			q.Document = assurance.DocumentRule(r.word(n, "rule for documents", []string{string(assurance.DocumentCurrent)}))
		}),
		"renewal":    strict.Optional(func(n *strict.Node) { q.Renewal = r.Bool(n) }),
		"capacities": strict.Optional(func(n *strict.Node) { q.Capacities = r.capacities(n) }),
	})
	if r.Check != nil && q.Level != "" {
		for _, problem := range r.Check(q) {
			r.Report(n, "idp policy explain tells more", "%s", problem)
		}
	}
	return q
}

// excluded reads a list of methods or proofings, each known and there once.
func excluded[T interface {
	~string
	Known() bool
}](r *reader, n *strict.Node, what string) []T {
	var out []T
	for i, word := range r.Texts(n, maxEntries, maxWord) {
		if !T(word).Known() {
			r.Report(n.Content[i], "", "unknown %s %q", what, word)
		}
		out = append(out, T(word))
	}
	return out
}

func (r *reader) capacities(n *strict.Node) []assurance.CapacityTerm {
	var known []string
	for _, c := range assurance.Capacities() {
		known = append(known, string(c))
	}
	var out []assurance.CapacityTerm
	r.List(n, len(known), func(_ int, n *strict.Node) {
		var t assurance.CapacityTerm
		r.Mapping(n, strict.Fields{
			"capacity": strict.Required(func(n *strict.Node) { t.Capacity = assurance.Capacity(r.word(n, "capacity", known)) }),
			"roles":    strict.Optional(func(n *strict.Node) { t.Roles = r.Texts(n, maxEntries, maxWord) }),
		})
		for _, other := range out {
			if other.Capacity == t.Capacity {
				r.Report(n, "", "capacity %q appears twice", t.Capacity)
			}
		}
		out = append(out, t)
	})
	return out
}
