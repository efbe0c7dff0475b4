package policy

import (
	"context"
	"strconv"
	"time"

	"surety/idp"
	"surety/idp/audit"
)

// Policies stores the versions of the policy. What is stored never changes;
// every addition tells all processes when its transaction commits.
type Policies interface {
	// Lock keeps others from adding a policy until the transaction ends.
	// Errors: unavailable.
	Lock(ctx context.Context, tx idp.Tx) error
	// Since reads the version that was in force at the moment and all later
	// ones, oldest first. tx may be nil. Errors: unavailable.
	Since(ctx context.Context, tx idp.Tx, moment time.Time) ([]idp.StoredPolicy, error)
	// Insert adds a version. Errors: conflict when there is one of that number;
	// unavailable.
	Insert(ctx context.Context, tx idp.Tx, p idp.StoredPolicy) error
	// List reads versions below the number, newest first, without their text;
	// zero begins with the newest. Errors: unavailable.
	List(ctx context.Context, below, limit int) ([]idp.StoredPolicy, error)
	// Find reads one version. Errors: not_found, unavailable.
	Find(ctx context.Context, version int) (idp.StoredPolicy, error)
}

// Begin returns the policy in force. Where there is none yet, it is the
// given one from this moment on: several processes may start at the same time,
// and one of them records it.
//
// Errors: unavailable.
func (s *Service) Begin(ctx context.Context, version int, source []byte) (idp.StoredPolicy, error) {
	found, err := s.Policies.Since(ctx, nil, s.Clock())
	if err != nil {
		return idp.StoredPolicy{}, err
	}
	if len(found) > 0 {
		return found[0], nil
	}
	var first idp.StoredPolicy
	err = s.add(ctx, false, func(ctx context.Context, tx idp.Tx, now time.Time) error {
		found, err := s.Policies.Since(ctx, tx, now)
		if err != nil {
			return err
		}
		if len(found) > 0 { // another process was first
			first = found[0]
			return nil
		}
		first = idp.StoredPolicy{
			Version: version, Profile: s.Profile, Source: string(source), EffectiveAt: now, ActivatedAt: now, ActivatedBy: bySystem,
		}
		return s.write(ctx, tx, now, first, nil)
	})
	return first, err
}

// write writes a version with its audit event.
func (s *Service) write(ctx context.Context, tx idp.Tx, now time.Time, p idp.StoredPolicy, diff map[string]string) error {
	if err := s.Policies.Insert(ctx, tx, p); err != nil {
		return err
	}
	attrs := map[string]string{
		"version": strconv.Itoa(p.Version), "profile": p.Profile, "effective_at": p.EffectiveAt.UTC().Format(time.RFC3339Nano),
	}
	for name, value := range diff {
		attrs[name] = value
	}
	return s.Audit.Append(ctx, tx, now, audit.Event{Type: "policy.activated", ActorID: p.ActivatedBy, Attrs: attrs})
}
