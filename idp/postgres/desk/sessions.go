package desk

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

var sessionErrors = db.Known{
	"operator_answer_pkey":  idp.E(idp.CodeConflict, "error.passkey.expired"),
	"operator_passkey_pkey": idp.E(idp.CodeConflict, "error.passkey.wrong"),
	db.NoRows:               idp.E(idp.CodeNotFound, "error.passkey.wrong"),
}

// Answer marks a challenge as answered, once. Two answers at the same moment
// wait for one another at the primary key.
func (s *Operators) Answer(ctx context.Context, tx idp.Tx, challenge [32]byte, expiresAt time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO operator_answer (challenge_hash, expires_at)
		VALUES ($1, $2)`, challenge[:], expiresAt)
	return db.Error("mark passkey's answer", err, sessionErrors)
}

// AddPasskey stores a passkey.
func (s *Operators) AddPasskey(ctx context.Context, tx idp.Tx, p idp.OperatorPasskey, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO operator_passkey (passkey_id, operator_id, credential, created_at)
		VALUES ($1, $2, $3, $4)`, p.ID, p.Operator, p.Data, now)
	return db.Error("insert passkey", err, sessionErrors)
}

// Passkey reads a passkey with its operator, locked: its counter is compared
// and moved on in one transaction.
func (s *Operators) Passkey(ctx context.Context, tx idp.Tx, id []byte) (idp.OperatorPasskey, idp.Operator, error) {
	var p idp.OperatorPasskey
	var o operatorRow
	err := db.From(tx).QueryRow(ctx, `
		SELECT k.passkey_id, k.operator_id, k.credential, `+operatorColumns+`
		FROM operator_passkey k
		JOIN operator o ON o.operator_id = k.operator_id
		WHERE k.passkey_id = $1
		FOR UPDATE OF k`, id).Scan(append([]any{&p.ID, &p.Operator, &p.Data}, o.targets()...)...)
	return p, o.value(), db.Error("read passkey", err, sessionErrors)
}

// UsePasskey writes what an answer changed.
func (s *Operators) UsePasskey(ctx context.Context, tx idp.Tx, p idp.OperatorPasskey, now time.Time) error {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE operator_passkey
		SET credential = $2, last_used_at = $3
		WHERE passkey_id = $1`, p.ID, p.Data, now)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	return db.Error("update passkey", err, sessionErrors)
}

// Start stores a session.
func (s *Operators) Start(ctx context.Context, tx idp.Tx, n idp.OperatorSession) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO operator_session (secret_hash, operator_id, created_at, idle_expires_at, expires_at)
		VALUES ($1, $2, $3, $4, $5)`, n.Hash[:], n.Operator.ID, n.CreatedAt, n.IdleExpiresAt, n.ExpiresAt)
	return db.Error("insert operator's session", err)
}

// Session reads a session with its operator.
func (s *Operators) Session(ctx context.Context, hash [32]byte) (idp.OperatorSession, error) {
	n := idp.OperatorSession{Hash: hash}
	var ended at
	var o operatorRow
	err := s.db.QueryRow(ctx, `
		SELECT s.created_at, s.idle_expires_at, s.expires_at, s.ended_at, `+operatorColumns+`
		FROM operator_session s
		JOIN operator o ON o.operator_id = s.operator_id
		WHERE s.secret_hash = $1`, hash[:]).Scan(append([]any{&n.CreatedAt, &n.IdleExpiresAt, &n.ExpiresAt, &ended}, o.targets()...)...)
	n.EndedAt, n.Operator = time.Time(ended), o.value()
	return n, db.Error("read operator's session", err)
}

// Touch moves the idle end of an open session.
func (s *Operators) Touch(ctx context.Context, hash [32]byte, idleExpiresAt time.Time) error {
	_, err := s.db.Exec(ctx, `
		UPDATE operator_session
		SET idle_expires_at = $2
		WHERE secret_hash = $1
			AND ended_at IS NULL`, hash[:], idleExpiresAt)
	return db.Error("touch operator's session", err)
}

// End ends a session.
func (s *Operators) End(ctx context.Context, tx idp.Tx, hash [32]byte, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		UPDATE operator_session
		SET ended_at = $2
		WHERE secret_hash = $1
			AND ended_at IS NULL`, hash[:], now)
	return db.Error("end operator's session", err)
}
