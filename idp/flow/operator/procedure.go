package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"surety/assurance"
	"surety/assurance/lint"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/procedure"
)

// Procedures stores what agencies offer.
type Procedures interface {
	// Lock keeps others from publishing until the transaction ends. Errors: unavailable.
	Lock(ctx context.Context, tx idp.Tx) error
	// Insert adds a version. Errors: conflict when the procedure has one from
	// the same moment; unavailable.
	Insert(ctx context.Context, tx idp.Tx, p procedure.Procedure, now time.Time) error
	// Update writes what a version says and until when it holds. Errors:
	// not_found, unavailable.
	Update(ctx context.Context, tx idp.Tx, p procedure.Procedure, now time.Time) error
	// SetDisabled switches all versions of a procedure off or on. Errors: unavailable.
	SetDisabled(ctx context.Context, tx idp.Tx, k procedure.Key, disabled bool, now time.Time) error
	// Tell tells all processes, when the transaction commits, that they must
	// read the agency's procedures anew. Errors: unavailable.
	Tell(ctx context.Context, tx idp.Tx, agency string) error
	// Versions reads a procedure's versions, newest first; none when there is
	// no such procedure. Errors: unavailable.
	Versions(ctx context.Context, tx idp.Tx, k procedure.Key) ([]procedure.Procedure, error)
	// Page lists procedures that count at this civil time. Errors: unavailable.
	Page(ctx context.Context, q procedure.Query, civil time.Time) ([]procedure.Procedure, error)
}

var errNoProcedure = idp.E(idp.CodeNotFound, "error.procedure.unknown")

// ProcedureState says what publishing does to a procedure.
type ProcedureState string

// The states.
const (
	ProcedureAdded     ProcedureState = "added"     // there was none of this code
	ProcedureChanged   ProcedureState = "changed"   // a version says something else, or a new one does
	ProcedureUnchanged ProcedureState = "unchanged" // it says what it said
	ProcedureEnded     ProcedureState = "ended"     // all that changes is when it ends
	ProcedureDisabled  ProcedureState = "disabled"
	ProcedureEnabled   ProcedureState = "enabled"
)

// ProcedureChange is what publishing does to one version of a procedure.
type ProcedureChange struct {
	Agency     string             `json:"agency"`
	Code       string             `json:"code"`
	State      ProcedureState     `json:"state"`
	ValidFrom  time.Time          `json:"valid_from,omitzero"`
	ValidUntil time.Time          `json:"valid_until,omitzero"`
	Changes    []procedure.Change `json:"changes,omitempty"`
}

// ImportProcedures publishes what a file holds: all of it, or nothing. The
// file's name is for what is wrong with it. An entry without valid_from is
// compared with the version that counts now, and published from now on if it
// says something else; one with valid_from is that very version.
//
// Errors: invalid, the cause being strict.Problems, or an address that only an
// agency under development may have; unavailable.
func (s *Service) ImportProcedures(ctx context.Context, by Actor, file string, source []byte, dryRun bool) ([]ProcedureChange, error) {
	all, err := s.readProcedures(file, source)
	if err != nil {
		return nil, err
	}
	var out []ProcedureChange
	err = s.publish(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now, civil time.Time) error {
		out = nil
		var agencies []string
		for _, p := range all {
			if err := s.fitsClient(ctx, p); err != nil {
				return err
			}
			done, err := s.publishOne(ctx, tx, now, civil, by, p)
			if err != nil {
				return fmt.Errorf("procedure %s of %s: %w", p.Code, p.Agency, err)
			}
			out = append(out, done)
			if done.State != ProcedureUnchanged && !slices.Contains(agencies, p.Agency) {
				agencies = append(agencies, p.Agency)
			}
		}
		for _, agency := range agencies {
			if err := s.Procedures.Tell(ctx, tx, agency); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readProcedures reads a file in the zone of the house and by the policy in force.
func (s *Service) readProcedures(file string, source []byte) ([]procedure.Procedure, error) {
	reading := procedure.Reading{Zone: s.Zone}
	if s.Policy != nil {
		policy, err := s.Policy()
		if err != nil {
			return nil, err
		}
		reading.Check = func(q assurance.Requirement) []string {
			var wrong []string
			for _, p := range lint.CheckRequirement(policy, q) {
				wrong = append(wrong, p.Error())
			}
			return wrong
		}
	}
	all, err := reading.Parse(file, source)
	if err != nil {
		return nil, errInvalid.Because(err)
	}
	return all, nil
}

// publish is change under the lock of procedures, with the civil time.
func (s *Service) publish(ctx context.Context, dryRun bool, f func(ctx context.Context, tx idp.Tx, now, civil time.Time) error) error {
	return s.change(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		if err := s.Procedures.Lock(ctx, tx); err != nil {
			return err
		}
		return f(ctx, tx, now, s.civil().UTC().Truncate(time.Microsecond)) // as precise as it is stored
	})
}

// fitsClient refuses addresses on the loopback interface for agencies that
// real people go to. An agency without a client of its name has none yet, and
// is not under development either.
func (s *Service) fitsClient(ctx context.Context, p procedure.Procedure) error {
	if !p.Development() {
		return nil
	}
	c, err := s.Clients.Find(ctx, idp.ClientID(p.Agency))
	if err != nil && idp.CodeOf(err) != idp.CodeNotFound {
		return err
	}
	if err != nil || !c.Development {
		return errInvalid.Because(fmt.Errorf("procedure %s of %s has an http address: only an agency whose client %q is marked as development may", p.Code, p.Agency, p.Agency))
	}
	return nil
}

// publishOne brings one entry in.
func (s *Service) publishOne(ctx context.Context, tx idp.Tx, now, civil time.Time, by Actor, p procedure.Procedure) (ProcedureChange, error) {
	p.ValidFrom, p.ValidUntil = p.ValidFrom.UTC().Truncate(time.Microsecond), p.ValidUntil.UTC().Truncate(time.Microsecond)
	done := ProcedureChange{Agency: p.Agency, Code: p.Code, State: ProcedureChanged, ValidUntil: p.ValidUntil}
	versions, err := s.Procedures.Versions(ctx, tx, p.Key())
	if err != nil {
		return done, err
	}
	if len(versions) > 0 {
		p.Disabled = versions[0].Disabled // a new version does not switch it on
	} else {
		done.State = ProcedureAdded
	}
	before, same := counterpart(versions, p, civil)
	if before != nil {
		if done.Changes, err = procedure.Changes(*before, p); err != nil {
			return done, err
		}
		if len(done.Changes) == 0 && (same || p.ValidFrom.IsZero()) {
			done.State, done.ValidFrom = ProcedureUnchanged, before.ValidFrom
			return done, nil
		}
		if len(done.Changes) == 1 && done.Changes[0].Field == "valid_until" && !p.ValidUntil.IsZero() {
			done.State = ProcedureEnded
		}
	}
	if p.ValidFrom.IsZero() {
		p.ValidFrom = civil
		if !p.ValidUntil.IsZero() && !p.ValidUntil.After(civil) {
			return done, errInvalid.Because(errors.New("valid_until has passed"))
		}
		// Twice within one tick of the clock: the later word counts.
		same = slices.ContainsFunc(versions, func(v procedure.Procedure) bool { return v.ValidFrom.Equal(civil) })
	}
	done.ValidFrom = p.ValidFrom
	write := s.Procedures.Insert
	if same {
		write = s.Procedures.Update
	}
	if err := write(ctx, tx, p, now); err != nil {
		return done, err
	}
	return done, s.Audit.Append(ctx, tx, now, procedureEvent(by, done))
}

// counterpart finds what an entry is compared with: the version from the same
// moment, which it then is, or else the one that it takes over from.
func counterpart(versions []procedure.Procedure, p procedure.Procedure, civil time.Time) (before *procedure.Procedure, same bool) {
	from := p.ValidFrom
	if from.IsZero() {
		from = civil
	}
	for i, v := range versions { // newest first
		if v.ValidFrom.Equal(p.ValidFrom) {
			return &versions[i], true
		}
		if before == nil && !v.ValidFrom.After(from) {
			before = &versions[i]
		}
	}
	return before, false
}

// procedureEvent tells which fields were changed, from what to what as far as
// there is room: the requirement first, which is what people will ask about.
func procedureEvent(by Actor, done ProcedureChange) audit.Event {
	attrs := map[string]string{"agency": done.Agency, "procedure": done.Code, "state": string(done.State)}
	if !done.ValidFrom.IsZero() {
		attrs["valid_from"] = done.ValidFrom.Format(time.RFC3339Nano)
	}
	var fields string
	for _, c := range done.Changes {
		line := c.Field + ": " + clipped(string(c.Old)) + " -> " + clipped(string(c.New))
		if len(fields)+len(line) > maxChangeText {
			line = c.Field
		}
		if len(fields)+len(line) <= maxChangeText {
			fields += line + "\n"
		}
	}
	if fields != "" {
		attrs["changes"] = fields
	}
	return audit.Event{Type: "procedure." + string(done.State), ActorID: string(by), Attrs: attrs}
}

// maxChangeText and maxChangeSide keep an event within what the audit takes.
const (
	maxChangeText = 1800
	maxChangeSide = 200
)

func clipped(text string) string {
	if len(text) > maxChangeSide {
		return strings.ToValidUTF8(text[:maxChangeSide], "") + "…"
	}
	return text
}
