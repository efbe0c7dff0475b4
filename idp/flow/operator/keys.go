package operator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/keys"
)

// SigningKeys lists the signing keys without their private halves.
// Errors: unavailable.
func (s *Service) SigningKeys(ctx context.Context) ([]keys.SigningKey, error) {
	return s.Keys.List(ctx)
}

// RotateKey makes the next key of an algorithm: published now, signing after
// the lead. It changes nothing, without error, when a next key is on its way.
//
// Errors: invalid for an unknown algorithm; unavailable.
func (s *Service) RotateKey(ctx context.Context, by Actor, algorithm string, dryRun bool) ([]keys.Change, error) {
	if !slices.Contains(keys.Algorithms(), algorithm) {
		return nil, errInvalid.Because(fmt.Errorf("algorithm %q, want one of %v", algorithm, keys.Algorithms()))
	}
	return s.changeKeys(ctx, by, dryRun, func(all []keys.SigningKey, now time.Time) ([]keys.Change, error) {
		return keys.PlanNext(all, now, s.Rotation, algorithm), nil
	})
}

// RevokeKey takes a key that somebody else may have out of use now.
//
// Errors: not_found, unavailable.
func (s *Service) RevokeKey(ctx context.Context, by Actor, kid string, dryRun bool) ([]keys.Change, error) {
	done, err := s.changeKeys(ctx, by, dryRun, func(all []keys.SigningKey, now time.Time) ([]keys.Change, error) {
		plan := keys.PlanRevoke(all, now, kid)
		if len(plan) == 0 {
			return nil, errNotFound.Because(fmt.Errorf("no signing key %q is published", kid))
		}
		return plan, nil
	})
	if err != nil || dryRun {
		return done, err
	}
	// A revoked successor needs another one.
	more, err := s.TendKeys(ctx)
	return append(done, more...), err
}

// TendKeys does what is due by age: the worker calls it every few minutes,
// and every process that finds no key to sign with before it begins.
//
// Errors: unavailable.
func (s *Service) TendKeys(ctx context.Context) ([]keys.Change, error) {
	return s.changeKeys(ctx, ActorSystem, false, func(all []keys.SigningKey, now time.Time) ([]keys.Change, error) {
		return keys.Plan(all, now, s.Rotation), nil
	})
}

// changeKeys plans and writes under one lock: what two processes plan from
// the same keys would be made twice.
func (s *Service) changeKeys(ctx context.Context, by Actor, dryRun bool, plan func(all []keys.SigningKey, now time.Time) ([]keys.Change, error)) ([]keys.Change, error) {
	var done []keys.Change
	err := s.change(ctx, dryRun, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		all, err := s.Keys.Lock(ctx, tx)
		if err != nil {
			return err
		}
		changes, err := plan(all, now)
		if err != nil {
			return err
		}
		done = changes
		for i := range changes {
			if err := s.applyKey(ctx, tx, now, &changes[i]); err != nil {
				return err
			}
			if err := s.Audit.Append(ctx, tx, now, keyEvent(by, changes[i])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// applyKey writes one step of a plan; a key that it makes gets its name.
func (s *Service) applyKey(ctx context.Context, tx idp.Tx, now time.Time, c *keys.Change) error {
	switch c.Kind {
	case keys.ChangeCreate:
		k, err := keys.NewSigningKey(c.Algorithm, now)
		if err != nil {
			return err
		}
		k.PublishedAt, k.ActiveAt, c.KID = c.PublishedAt, c.ActiveAt, k.KID
		sealed, err := s.Ring.SealSigningKey(k)
		if err != nil {
			return err
		}
		return s.Keys.Insert(ctx, tx, k, sealed)
	case keys.ChangeActivate:
		return s.Keys.Activate(ctx, tx, c.KID, c.ActiveAt)
	case keys.ChangeSchedule:
		return s.Keys.Schedule(ctx, tx, c.KID, c.RetiredAt, c.GoneAt)
	case keys.ChangeRemove:
		return s.Keys.Remove(ctx, tx, c.KID)
	}
	return fmt.Errorf("signing keys: unknown change %q", c.Kind)
}

func keyEvent(by Actor, c keys.Change) audit.Event {
	name := map[keys.ChangeKind]string{
		keys.ChangeCreate: "key.created", keys.ChangeActivate: "key.activated",
		keys.ChangeSchedule: "key.scheduled", keys.ChangeRemove: "key.removed",
	}[c.Kind]
	return audit.Event{Type: name, ActorID: string(by), Attrs: map[string]string{"kid": c.KID, "algorithm": c.Algorithm}}
}
