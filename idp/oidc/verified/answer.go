package verified

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/claim"
	"surety/idp/grant"
	"surety/idp/procedure"
)

// Procedures finds what agencies offer, from memory if it can.
type Procedures interface {
	// InForce returns the procedures of the agency with these codes, as they
	// are at this civil time, in the order of the codes.
	//
	// Errors: not_found, unavailable.
	InForce(ctx context.Context, agency string, codes []string, civil time.Time) ([]procedure.Procedure, error)
}

// Source is what answers are made with. Every field is needed.
type Source struct {
	Framework  string                          // trust_framework
	Zone       *time.Location                  // in which days end
	Rules      func() (assurance.Rules, error) // those in force; unavailable when they cannot be told
	Procedures Procedures
	Civil      func() time.Time
}

// Element is one member of an answer.
type Element struct {
	Verification any            `json:"verification"`
	Claims       map[string]any `json:"claims"`
}

// Answer is the value of verified_claims for what is asked: an Element, a list
// of several, or nil when there is nothing to tell. values are the person's as
// plain claims have them; may says what request and consent, or the law, cover.
//
// Errors: unavailable when it cannot be told which proofings count.
func (s Source) Answer(ctx context.Context, h grant.Holder, asked []Asked, values map[string]any, may func(string) bool) (any, error) {
	if len(h.Standing.Account.Proofings) == 0 || !may(claim.VerifiedClaims) {
		return nil, nil
	}
	civil := s.Civil()
	counting, err := s.counting(ctx, h, civil)
	if err != nil {
		return nil, err
	}
	proven := s.proven(h.Person, values, counting)
	var out []Element
	for _, a := range asked {
		for _, p := range proven {
			if e, ok := p.element(a, may, civil); ok {
				out = append(out, e)
			}
		}
	}
	switch len(out) {
	case 0:
		return nil, nil
	case 1:
		return out[0], nil
	}
	return out, nil
}

// counting are the proofings that count for the grant. What a procedure
// excludes does not count for whoever asked for that procedure. When one is not
// offered any more, nobody can tell what it excluded.
func (s Source) counting(ctx context.Context, h grant.Holder, civil time.Time) ([]assurance.Proofing, error) {
	rules, err := s.Rules()
	if err != nil {
		return nil, err
	}
	var q assurance.Requirement
	if codes := h.Grant.Procedures; len(codes) > 0 {
		found, err := s.Procedures.InForce(ctx, h.Grant.Agency, codes, civil)
		switch {
		case idp.CodeOf(err) == idp.CodeNotFound:
			return nil, nil
		case err != nil:
			return nil, err
		}
		for _, p := range found {
			q.ExcludedProofings = append(q.ExcludedProofings, p.Requirement.ExcludedProofings...)
		}
	}
	a := h.Standing.Account
	return rules.Counting(q, assurance.Situation{Civil: civil, Stage: a.Stage, Proofings: a.Proofings}), nil
}

// behind lists the proofings that a value from a source rests on.
var behind = map[string][]assurance.ProofingMethod{
	"registry":    {assurance.ProofingRegistry, assurance.ProofingLetter},
	"counter":     {assurance.ProofingCounter, assurance.ProofingAppointment},
	"certificate": {assurance.ProofingEDS, assurance.ProofingIDCard},
	"federated":   {assurance.ProofingFederated},
	"imported":    {assurance.ProofingImported},
}

// proof is where a value came from and when it was last verified.
type proof struct {
	source string
	at     time.Time
}

// facts are the values that share a proof.
type facts struct {
	verification part
	level        assurance.Stage
	at           time.Time
	source       string
	claims       map[string]any
}

// proven sorts the person's verified values by what stands behind them, best
// first.
func (s Source) proven(person idp.Person, values map[string]any, counting []assurance.Proofing) []facts {
	byProof := map[proof]facts{}
	for _, name := range claim.Verifiable() {
		value, ok := values[name].(string)
		of, verified := proofOf(person, name)
		if !ok || !verified || name == claim.Birthdate && !wholeDate.MatchString(value) {
			continue
		}
		var support []assurance.Proofing
		for _, p := range counting {
			if slices.Contains(behind[of.source], p.Method) {
				support = append(support, p)
			}
		}
		if len(support) == 0 {
			continue
		}
		best := slices.MaxFunc(support, func(a, b assurance.Proofing) int { return cmp.Or(a.Stage.Compare(b.Stage), a.At.Compare(b.At)) })
		if best.At.Before(of.at) {
			of.at = best.At
		}
		f, there := byProof[of]
		if !there {
			f = facts{level: best.Stage, at: of.at, source: of.source, claims: map[string]any{}}
			f.verification = part{"trust_framework": s.Framework, "assurance_level": string(best.Stage), "time": moment{at: of.at}}
			if e := s.evidence(support); e != nil {
				f.verification["evidence"] = e
			}
		}
		f.claims[name] = value
		byProof[of] = f
	}
	return slices.SortedFunc(maps.Values(byProof), func(a, b facts) int {
		return cmp.Or(b.level.Compare(a.level), b.at.Compare(a.at), cmp.Compare(a.source, b.source))
	})
}

// wholeDate is a birth date as the published schemas take it.
var wholeDate = regexp.MustCompile(`^[0-9]{4}-[01][0-9]-[0-3][0-9]$`)

func (s Source) evidence(proofings []assurance.Proofing) []part {
	var out []part
	for _, p := range proofings {
		if e := evidence(p, s.Zone); e != nil {
			out = append(out, e)
		}
	}
	return out
}

// proofOf is where a claim came from. A claim made of several values is
// verified when all of them are, from one source, and as old as the oldest.
func proofOf(person idp.Person, name string) (proof, bool) {
	made := []string{name}
	if name == claim.Name {
		made = []string{claim.GivenName, claim.Patronymic, claim.FamilyName}
	}
	var of proof
	for _, a := range person.Attributes {
		if !slices.Contains(made, a.Name) || a.Value == "" {
			continue
		}
		if a.VerifiedAt.IsZero() || of.source != "" && a.Source != of.source {
			return proof{}, false
		}
		of.source = a.Source
		if at := a.VerifiedAt.UTC(); of.at.IsZero() || at.Before(of.at) {
			of.at = at
		}
	}
	return of, of.source != ""
}

// element is the answer to one element of the request out of these facts; false
// when they do not fit it, or hold none of its claims.
func (f facts) element(a Asked, may func(string) bool, now time.Time) (Element, bool) {
	verification, ok := a.Verification.fit(f.verification, now)
	if !ok {
		return Element{}, false
	}
	e := Element{Verification: verification, Claims: map[string]any{}}
	for _, c := range a.Claims {
		value, known := f.claims[c.Name].(string)
		if known && may(c.Name) && (len(c.Values) == 0 || slices.Contains(c.Values, value)) {
			e.Claims[c.Name] = value
		}
	}
	return e, len(e.Claims) > 0
}
