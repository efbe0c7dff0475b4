package desk

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// PolicyChanged is the channel on which a new policy is told.
const PolicyChanged = "policy_changed"

// policyLock keeps two operators from activating at once, and two processes
// from both being the first. An advisory lock, because where there is no policy
// yet there is no row to lock.
const policyLock = 7310312

// maxPolicies bounds what one reading returns. Around a change there are two
// or three; more would mean that versions are activated faster than they come
// into force.
const maxPolicies = 16

// Policies stores the versions of the policy (operator.Policies). Its rows are
// added and never changed: the database role has no right to.
type Policies struct{ db *db.DB }

// NewPolicies returns the store.
func NewPolicies(d *db.DB) *Policies { return &Policies{db: d} }

var policyErrors = db.Known{
	"policy_pkey": idp.E(idp.CodeConflict, "error.conflict"),
	db.NoRows:     idp.E(idp.CodeNotFound, "error.not_found"),
}

const policyColumns = `version, profile, source, effective_at, activated_at, activated_by`

// Lock keeps others from adding a policy until the transaction ends.
func (s *Policies) Lock(ctx context.Context, tx idp.Tx) error {
	_, err := db.From(tx).Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, policyLock)
	return db.Error("lock policies", err)
}

// Insert adds a version and tells all processes of it when the transaction commits.
func (s *Policies) Insert(ctx context.Context, tx idp.Tx, p idp.StoredPolicy) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO policy (`+policyColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		p.Version, p.Profile, p.Source, p.EffectiveAt, p.ActivatedAt, p.ActivatedBy)
	if err != nil {
		return db.Error("insert policy", err, policyErrors)
	}
	_, err = db.From(tx).Exec(ctx, `SELECT pg_notify('`+PolicyChanged+`', '')`)
	return db.Error("tell of policy", err)
}

// Since reads the version that was in force at the moment and all later ones,
// oldest first, those included whose time has not come. tx may be nil.
func (s *Policies) Since(ctx context.Context, tx idp.Tx, moment time.Time) ([]idp.StoredPolicy, error) {
	return s.since(ctx, s.db.On(tx), moment, nil)
}

// since leaves out the text of versions that the caller has: it may be long,
// never changes, and every process asks every two seconds.
func (s *Policies) since(ctx context.Context, q db.Querier, moment time.Time, known []int) ([]idp.StoredPolicy, error) {
	return readPolicies(ctx, q, `
		SELECT version, profile, CASE WHEN version = ANY($2) THEN '' ELSE source END, effective_at, activated_at, activated_by
		FROM policy
		WHERE version >= coalesce((
			SELECT max(version)
			FROM policy
			WHERE effective_at <= $1), 0)
		ORDER BY version
		LIMIT $3`, moment, append([]int{}, known...), maxPolicies)
}

// List reads versions with a number below the given one, newest first, without
// their text. Zero begins with the newest.
func (s *Policies) List(ctx context.Context, below, limit int) ([]idp.StoredPolicy, error) {
	return readPolicies(ctx, s.db, `
		SELECT version, profile, '', effective_at, activated_at, activated_by
		FROM policy
		WHERE $1 = 0 OR version < $1
		ORDER BY version DESC
		LIMIT $2`, below, limit)
}

// Find reads one version.
func (s *Policies) Find(ctx context.Context, version int) (idp.StoredPolicy, error) {
	found, err := readPolicies(ctx, s.db, `
		SELECT `+policyColumns+`
		FROM policy
		WHERE version = $1`, version)
	if err == nil && len(found) == 0 {
		err = db.Error("read policy", pgx.ErrNoRows, policyErrors)
	}
	if err != nil {
		return idp.StoredPolicy{}, err
	}
	return found[0], nil
}

func readPolicies(ctx context.Context, q db.Querier, sql string, args ...any) ([]idp.StoredPolicy, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, db.Error("read policies", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p idp.StoredPolicy, err error) {
		return p, row.Scan(&p.Version, &p.Profile, &p.Source, &p.EffectiveAt, &p.ActivatedAt, &p.ActivatedBy)
	})
	return all, db.Error("read policies", err)
}
