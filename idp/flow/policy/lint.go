package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"surety/assurance"
	"surety/assurance/lint"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/procedure"
	"surety/idp/strict"
)

// pageSize is how many procedures, clients or accounts are looked at in one
// statement, so that memory does not grow with the country.
const pageSize = 500

// Procedures tells what agencies have published.
type Procedures interface {
	// Published lists the versions of procedures that count now or will, by key and
	// time, beginning after the given version. Errors: unavailable.
	Published(ctx context.Context, civil time.Time, after procedure.Procedure, limit int) ([]procedure.Procedure, error)
	// Versions reads the versions of a procedure, newest first. tx may be nil.
	// Errors: unavailable.
	Versions(ctx context.Context, tx idp.Tx, k procedure.Key) ([]procedure.Procedure, error)
}

// Clients tells which software agencies have registered.
type Clients interface {
	// Page lists clients by id, beginning after the given one. Errors: unavailable.
	Page(ctx context.Context, after idp.ClientID, limit int) ([]*client.Client, error)
}

// Report is what can be told of a policy before it is in force.
type Report struct {
	// Policy is zero when Problems has any.
	Policy assurance.Policy
	// Problems are mistakes in the file itself, with their lines.
	Problems strict.Problems
	// Broken are procedures and clients that nobody could use any more and that
	// work under the policy in force; File names which it is.
	Broken strict.Problems
	// Standing are those that nobody can use under the policy in force either.
	Standing strict.Problems
}

// Lint looks for mistakes in a policy, and for what is stored that would
// not work under it. Without stores it looks at the policy alone.
//
// Errors: unavailable. Problems are no error: they are the answer.
func (s *Service) Lint(ctx context.Context, file string, source []byte) (Report, error) {
	var r Report
	p, err := s.Parse(file, source)
	if errors.As(err, &r.Problems) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Policy = p
	if s.Policies == nil {
		return r, nil
	}
	before, err := s.before(ctx)
	if err != nil {
		return r, err
	}
	add := func(what string, q assurance.Requirement) {
		for _, problem := range requirementProblems(p, q) {
			problem.File = what
			if slices.ContainsFunc(requirementProblems(before, q), func(b strict.Problem) bool { return b.Text == problem.Text }) {
				r.Standing = append(r.Standing, problem)
			} else {
				r.Broken = append(r.Broken, problem)
			}
		}
	}
	if err := s.eachProcedure(ctx, func(one procedure.Procedure) {
		add("procedure "+one.Agency+"/"+one.Code, one.Requirement)
	}); err != nil {
		return r, err
	}
	return r, s.eachMinimum(ctx, func(id idp.ClientID, level assurance.LevelName) {
		add("client "+string(id), assurance.Requirement{Level: level})
	})
}

// before is the policy in force. One that this program cannot read is taken for
// a policy without levels: nothing works under it here, and it must not keep
// its own successor away.
func (s *Service) before(ctx context.Context) (assurance.Policy, error) {
	found, err := s.Policies.Since(ctx, nil, s.Clock())
	if err != nil {
		return assurance.Policy{}, err
	}
	if len(found) == 0 { // before the first start: the profile's
		return s.InForce()
	}
	return s.parsed(found[0]), nil
}

// parsed is a stored policy, without levels if this program cannot read it.
func (s *Service) parsed(stored idp.StoredPolicy) assurance.Policy {
	p, err := s.Parse(nameOf(stored.Version), []byte(stored.Source))
	if err != nil {
		return assurance.Policy{Version: stored.Version}
	}
	return p
}

// requirementProblems are why nobody can satisfy a requirement under a policy.
func requirementProblems(p assurance.Policy, q assurance.Requirement) strict.Problems {
	if _, known := p.Level(q.Level); q.Level != "" && !known {
		names := make([]string, len(p.Levels))
		for i, l := range p.Levels {
			names[i] = string(l.Name)
		}
		return strict.Problems{{
			Text: fmt.Sprintf("asks for level %q, which the policy does not have: nobody could use it", q.Level),
			Hint: fmt.Sprintf("levels: %s", commas(names)),
		}}
	}
	var out strict.Problems
	for _, problem := range lint.CheckRequirement(p, q) {
		out = append(out, strict.Problem{Text: problem.Error()})
	}
	return out
}

// eachProcedure calls f with every version of a procedure that counts or will.
func (s *Service) eachProcedure(ctx context.Context, f func(procedure.Procedure)) error {
	if s.Procedures == nil {
		return nil
	}
	var last procedure.Procedure
	for civil := s.Civil(); ; {
		page, err := s.Procedures.Published(ctx, civil, last, pageSize)
		if err != nil {
			return err
		}
		for _, one := range page {
			f(one)
		}
		if len(page) < pageSize {
			return nil
		}
		last = page[len(page)-1]
	}
}

// eachMinimum calls f with every client that takes nobody below a level.
func (s *Service) eachMinimum(ctx context.Context, f func(idp.ClientID, assurance.LevelName)) error {
	var after idp.ClientID
	for {
		page, err := s.Clients.Page(ctx, after, pageSize)
		if err != nil {
			return err
		}
		for _, c := range page {
			if c.MinimumLevel != "" && !c.Disabled() {
				f(c.ID, c.MinimumLevel)
			}
		}
		if len(page) < pageSize {
			return nil
		}
		after = page[len(page)-1].ID
	}
}
