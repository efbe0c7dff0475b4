package desk

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"
)

// Operators stores operators and invitations (operator.Operators), their
// passkeys and their logins (operator.Sessions).
type Operators struct{ db *db.DB }

// NewOperators returns the store.
func NewOperators(d *db.DB) *Operators { return &Operators{db: d} }

// operatorLock keeps two browsers from both being the one that may still
// invite or join.
const operatorLock = 7310312

var inviteErrors = db.Known{
	"operator_invite_bootstrap_idx": idp.E(idp.CodeConflict, "error.conflict"),
	db.NoRows:                       idp.E(idp.CodeNotFound, "error.invitation.unknown"),
}

// Count tells how many operators may log in, and keeps others from inviting
// and joining until the transaction ends.
func (s *Operators) Count(ctx context.Context, tx idp.Tx) (n int, err error) {
	q := db.From(tx)
	if _, err := q.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, operatorLock); err != nil {
		return 0, db.Error("lock operators", err)
	}
	err = q.QueryRow(ctx, `
		SELECT count(*)
		FROM operator
		WHERE disabled_at IS NULL`).Scan(&n)
	return n, db.Error("count operators", err)
}

const operatorColumns = `o.operator_id, o.sealed_name, o.created_at, o.disabled_at,
		(SELECT max(p.last_used_at) FROM operator_passkey p WHERE p.operator_id = o.operator_id)`

// List reads all operators, oldest first.
func (s *Operators) List(ctx context.Context) ([]idp.Operator, error) {
	rows, err := s.db.Query(ctx, `
		SELECT `+operatorColumns+`
		FROM operator o
		ORDER BY o.created_at, o.operator_id`)
	if err != nil {
		return nil, db.Error("list operators", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (idp.Operator, error) {
		var o operatorRow
		err := row.Scan(o.targets()...)
		return o.value(), err
	})
	return all, db.Error("list operators", err)
}

// operatorRow is where operatorColumns are read to.
type operatorRow struct {
	o              idp.Operator
	disabled, seen at
}

func (r *operatorRow) targets() []any {
	return []any{&r.o.ID, &r.o.Name, &r.o.CreatedAt, &r.disabled, &r.seen}
}

func (r *operatorRow) value() idp.Operator {
	r.o.DisabledAt, r.o.SeenAt = time.Time(r.disabled), time.Time(r.seen)
	return r.o
}

// Add adds an operator.
func (s *Operators) Add(ctx context.Context, tx idp.Tx, o idp.Operator) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO operator (operator_id, sealed_name, created_at)
		VALUES ($1, $2, $3)`, o.ID, o.Name, o.CreatedAt)
	return db.Error("insert operator", err)
}

// Invite adds an invitation.
func (s *Operators) Invite(ctx context.Context, tx idp.Tx, i idp.OperatorInvite) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO operator_invite (token_hash, sealed_name, bootstrap, invited_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		i.Hash[:], i.Name, i.Bootstrap, zeronull.Text(i.By), i.CreatedAt, i.ExpiresAt)
	return db.Error("insert operator's invitation", err, inviteErrors)
}

const selectInvite = `
	SELECT token_hash, sealed_name, bootstrap, coalesce(invited_by::text, ''), created_at, expires_at, used_at, voided_at
	FROM operator_invite`

func scanInvite(row pgx.CollectableRow) (idp.OperatorInvite, error) {
	var i idp.OperatorInvite
	var hash []byte
	var used, voided at
	err := row.Scan(&hash, &i.Name, &i.Bootstrap, &i.By, &i.CreatedAt, &i.ExpiresAt, &used, &voided)
	copy(i.Hash[:], hash)
	i.UsedAt, i.VoidedAt = time.Time(used), time.Time(voided)
	return i, err
}

// Invitation reads an invitation.
func (s *Operators) Invitation(ctx context.Context, hash [32]byte) (idp.OperatorInvite, error) {
	rows, err := s.db.Query(ctx, selectInvite+`
		WHERE token_hash = $1`, hash[:])
	if err != nil {
		return idp.OperatorInvite{}, db.Error("read operator's invitation", err)
	}
	i, err := pgx.CollectExactlyOneRow(rows, scanInvite)
	return i, db.Error("read operator's invitation", err, inviteErrors)
}

// Invitations lists those that can still be taken up.
func (s *Operators) Invitations(ctx context.Context, now time.Time) ([]idp.OperatorInvite, error) {
	rows, err := s.db.Query(ctx, selectInvite+`
		WHERE used_at IS NULL
			AND voided_at IS NULL
			AND expires_at > $1
		ORDER BY created_at
		LIMIT 100`, now)
	if err != nil {
		return nil, db.Error("list operators' invitations", err)
	}
	open, err := pgx.CollectRows(rows, scanInvite)
	return open, db.Error("list operators' invitations", err)
}

// TakeUp uses an invitation, once.
func (s *Operators) TakeUp(ctx context.Context, tx idp.Tx, hash [32]byte, by idp.OperatorID, now time.Time) error {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE operator_invite
		SET used_at = $3, operator_id = $2
		WHERE token_hash = $1
			AND used_at IS NULL
			AND voided_at IS NULL
			AND expires_at > $3`, hash[:], by, now)
	if err == nil && tag.RowsAffected() == 0 {
		return idp.E(idp.CodeConflict, "error.invitation.used")
	}
	return db.Error("take up operator's invitation", err)
}

// VoidBootstrap ends bootstrap invitations: all, or those only that are over.
func (s *Operators) VoidBootstrap(ctx context.Context, tx idp.Tx, all bool, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		UPDATE operator_invite
		SET voided_at = $2
		WHERE bootstrap
			AND used_at IS NULL
			AND voided_at IS NULL
			AND ($1 OR expires_at <= $2)`, all, now)
	return db.Error("void bootstrap invitations", err)
}
