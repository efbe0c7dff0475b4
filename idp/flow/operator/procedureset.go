package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/procedure"
	"surety/idp/strict"
)

// ProcedureField is one field of a procedure with its new value. Name is a key
// of the file, those within another with a dot: "requirement.level". A nil
// value takes the field away.
type ProcedureField struct {
	Name  string
	Value any // as JSON would read it
}

// SetProcedure changes single fields: it publishes a new version with them,
// from the given time or from now (zero). What it does not name is as it will
// be then.
//
// Errors: invalid for what a file would be refused for, the cause being
// strict.Problems, for a time that has passed and for a field that is none;
// not_found when the procedure is not offered then; unavailable.
func (s *Service) SetProcedure(ctx context.Context, by Actor, k procedure.Key, set []ProcedureField, from time.Time, dryRun bool) (ProcedureChange, error) {
	var done ProcedureChange
	err := s.publish(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now, civil time.Time) error {
		from = from.UTC().Truncate(time.Microsecond)
		if from.IsZero() {
			from = civil
		}
		if from.Before(civil) {
			return errInvalid.Because(fmt.Errorf("%s has passed: what was required then is required no more", from.Format(time.RFC3339)))
		}
		versions, err := s.Procedures.Versions(ctx, tx, k)
		if err != nil {
			return err
		}
		base, err := versionAt(versions, k, from)
		if err != nil {
			return err
		}
		p, err := s.withFields(base, set)
		if err != nil {
			return err
		}
		if err := s.fitsClient(ctx, p); err != nil {
			return err
		}
		p.ValidFrom = from
		if done, err = s.publishOne(ctx, tx, now, civil, by, p); err != nil || done.State == ProcedureUnchanged {
			return err
		}
		return s.Procedures.Tell(ctx, tx, k.Agency)
	})
	return done, err
}

// versionAt is the version that counts then, also when it is switched off.
func versionAt(versions []procedure.Procedure, k procedure.Key, at time.Time) (procedure.Procedure, error) {
	on := slices.Clone(versions)
	for i := range on {
		on[i].Disabled = false
	}
	if p, ok := procedure.At(on, at); ok {
		return p, nil
	}
	why := fmt.Errorf("%s offers no procedure %s", k.Agency, k.Code)
	if len(versions) > 0 {
		why = fmt.Errorf("%s does not offer procedure %s at that time", k.Agency, k.Code)
	}
	return procedure.Procedure{}, errNoProcedure.Because(why)
}

// withFields puts the fields over the procedure, and checks the result as if
// it stood in a file.
func (s *Service) withFields(p procedure.Procedure, set []ProcedureField) (procedure.Procedure, error) {
	p.ValidFrom, p.Disabled = time.Time{}, false // neither stands in a file that is brought in now
	raw, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	var document map[string]any
	if err := json.Unmarshal(raw, &document); err != nil {
		return p, err
	}
	for _, f := range set {
		if err := f.put(document); err != nil {
			return p, errInvalid.Because(err)
		}
	}
	if raw, err = json.Marshal([]any{document}); err != nil {
		return p, errInvalid.Because(err)
	}
	all, err := s.readProcedures(p.Code, raw)
	if err != nil {
		var problems strict.Problems
		if errors.As(err, &problems) {
			for i := range problems {
				problems[i].Line = 0 // there is no file to look into
			}
		}
		return p, err
	}
	return all[0], nil
}

// put puts the field into the document.
func (f ProcedureField) put(document map[string]any) error {
	switch f.Name {
	case "agency", "code":
		return fmt.Errorf("%s names the procedure and cannot be changed", f.Name)
	case "valid_from":
		return errors.New("when the change holds from is said beside the fields")
	}
	name := f.Name
	for outer, rest, inner := strings.Cut(name, "."); inner; outer, rest, inner = strings.Cut(name, ".") {
		next, ok := document[outer].(map[string]any)
		if _, there := document[outer]; there && !ok {
			return fmt.Errorf("%s has no fields within", outer)
		}
		if !ok {
			next = map[string]any{}
			document[outer] = next
		}
		document, name = next, rest
	}
	if f.Value == nil {
		delete(document, name)
		return nil
	}
	document[name] = f.Value
	return nil
}

// SetProcedureDisabled switches a procedure off, in all its versions, or on
// again. While it is off nobody can ask for it and nothing that was granted
// for it is renewed. Saying it twice changes nothing.
//
// Errors: not_found, unavailable.
func (s *Service) SetProcedureDisabled(ctx context.Context, by Actor, k procedure.Key, disabled, dryRun bool) (ProcedureChange, error) {
	done := ProcedureChange{Agency: k.Agency, Code: k.Code, State: ProcedureUnchanged}
	err := s.publish(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now, _ time.Time) error {
		versions, err := s.Procedures.Versions(ctx, tx, k)
		if err != nil {
			return err
		}
		if len(versions) == 0 {
			return errNoProcedure.Because(fmt.Errorf("%s offers no procedure %s", k.Agency, k.Code))
		}
		if !slices.ContainsFunc(versions, func(p procedure.Procedure) bool { return p.Disabled != disabled }) {
			return nil
		}
		if done.State = ProcedureEnabled; disabled {
			done.State = ProcedureDisabled
		}
		if err := s.Procedures.SetDisabled(ctx, tx, k, disabled, now); err != nil {
			return err
		}
		if err := s.Procedures.Tell(ctx, tx, k.Agency); err != nil {
			return err
		}
		return s.Audit.Append(ctx, tx, now, audit.Event{
			Type: "procedure." + string(done.State), ActorID: string(by), Attrs: map[string]string{"agency": k.Agency, "procedure": k.Code},
		})
	})
	return done, err
}

// ListProcedures lists procedures that count now, those that are switched off
// included, by agency and code; next is where the page after it begins, zero
// when there is none.
//
// Errors: invalid for a page that is not within MaxPage; unavailable.
func (s *Service) ListProcedures(ctx context.Context, q procedure.Query) (page []procedure.Procedure, next procedure.Key, err error) {
	if q.Limit < 1 || q.Limit > MaxPage {
		return nil, next, errInvalid.Because(fmt.Errorf("a page of %d, want 1 to %d", q.Limit, MaxPage))
	}
	limit := q.Limit
	q.Limit, q.Disabled, q.Text = limit+1, true, procedure.Searchable(q.Text)
	page, err = s.Procedures.Page(ctx, q, s.civil())
	if err == nil && len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Key()
	}
	return page, next, err
}

// ProcedureVersions reads all versions of a procedure, newest first, and which
// of them counts now: its position, or -1.
//
// Errors: not_found, unavailable.
func (s *Service) ProcedureVersions(ctx context.Context, k procedure.Key) (versions []procedure.Procedure, current int, err error) {
	versions, err = s.Procedures.Versions(ctx, nil, k)
	if err != nil {
		return nil, -1, err
	}
	if len(versions) == 0 {
		return nil, -1, errNoProcedure.Because(fmt.Errorf("%s offers no procedure %s", k.Agency, k.Code))
	}
	p, ok := procedure.At(versions, s.civil())
	if !ok {
		return versions, -1, nil
	}
	return versions, slices.IndexFunc(versions, func(v procedure.Procedure) bool { return v.ValidFrom.Equal(p.ValidFrom) }), nil
}
