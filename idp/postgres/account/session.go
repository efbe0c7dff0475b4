package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/postgres/db"
	"surety/idp/postgres/event"
	"surety/idp/session"

	"github.com/jackc/pgx/v5"
)

// Visitor returns who is behind the session secret with this hash, in one
// round trip and without decryption. Nobody, without error, when there is no
// open session.
func (s *Store) Visitor(ctx context.Context, hash [32]byte, now time.Time) (interaction.Visitor, error) {
	var v interaction.Visitor
	var proofings []proofingRow
	a, ses := &v.Account, &v.Session
	err := s.db.QueryRow(ctx, `
		SELECT s.session_id, s.account_id, s.shared, s.uses, s.created_at, s.seen_at, s.idle_expires_at, s.expires_at,
			a.state, a.stage, a.language, a.tokens_valid_from, a.terms_version, a.created_at,
			`+levelInputs+`
		FROM session s
		JOIN account a ON a.account_id = s.account_id
		`+levelContacts+`
		WHERE s.secret_hash = $1
			AND s.ended_at IS NULL
			AND s.idle_expires_at > $2
			AND s.expires_at > $2`, hash[:], now).Scan(
		&ses.ID, &ses.AccountID, &ses.Shared, &ses.Uses, &ses.CreatedAt, &ses.SeenAt, &ses.IdleExpiresAt, &ses.ExpiresAt,
		&a.State, &a.Stage, &a.Language, &a.TokensValidFrom, &a.TermsVersion, &a.CreatedAt, &proofings,
		&v.Authenticators, &v.Anchored)
	if errors.Is(err, pgx.ErrNoRows) {
		return interaction.Visitor{}, nil
	}
	if err != nil {
		return interaction.Visitor{}, db.Error("read session", err)
	}
	a.ID, v.SessionID, v.Uses = ses.AccountID, ses.ID, ses.Uses
	for _, p := range proofings {
		a.Proofings = append(a.Proofings, p.value())
	}
	return v, nil
}

// proofingRow is a proofing as the database writes it into JSON, where times may be null.
type proofingRow struct {
	assurance.Proofing
	ExpiresAt, NotBefore, DocumentUntil *time.Time
}

func (p proofingRow) value() assurance.Proofing {
	if p.ExpiresAt != nil {
		p.Proofing.ExpiresAt = *p.ExpiresAt
	}
	if p.NotBefore != nil {
		p.Proofing.NotBefore = *p.NotBefore
	}
	if p.DocumentUntil != nil {
		p.Proofing.DocumentUntil = *p.DocumentUntil
	}
	return p.Proofing
}

// Touch moves the session's idle end on, unless the session has ended meanwhile.
func (s *Store) Touch(ctx context.Context, ses session.Session) error {
	_, err := s.db.Exec(ctx, `
		UPDATE session
		SET seen_at = $2, idle_expires_at = $3
		WHERE session_id = $1
			AND ended_at IS NULL
			AND seen_at < $2`, ses.ID, ses.SeenAt, ses.IdleExpiresAt)
	return db.Error("touch session", err)
}

// LockSession returns the open session with this secret's hash and keeps
// others from changing it. Zero, without error, when there is none.
func (s *Store) LockSession(ctx context.Context, tx idp.Tx, hash [32]byte, now time.Time) (session.Session, error) {
	var ses session.Session
	err := db.From(tx).QueryRow(ctx, `
		SELECT session_id, account_id, shared, uses, created_at, seen_at, idle_expires_at, expires_at
		FROM session
		WHERE secret_hash = $1
			AND ended_at IS NULL
			AND idle_expires_at > $2
			AND expires_at > $2
		FOR UPDATE`, hash[:], now).Scan(
		&ses.ID, &ses.AccountID, &ses.Shared, &ses.Uses, &ses.CreatedAt, &ses.SeenAt, &ses.IdleExpiresAt, &ses.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return session.Session{}, nil
	}
	return ses, db.Error("lock session", err)
}

// SaveSession writes a new session, or one that LockSession returned and that
// has a use more, under a new secret: the one before is worth nothing from now on.
func (s *Store) SaveSession(ctx context.Context, tx idp.Tx, ses session.Session, hash [32]byte, d session.Device) error {
	q := db.From(tx)
	key, err := s.dataKey(ctx, q, ses.AccountID)
	if err != nil {
		return err
	}
	device, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("write device: %w", err)
	}
	_, err = q.Exec(ctx, `
		INSERT INTO session (session_id, secret_hash, account_id, shared, uses, sealed_device, created_at, seen_at,
			idle_expires_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT ON CONSTRAINT session_pkey DO UPDATE
		SET secret_hash = excluded.secret_hash, shared = excluded.shared, uses = excluded.uses,
			sealed_device = excluded.sealed_device, seen_at = excluded.seen_at, idle_expires_at = excluded.idle_expires_at`,
		ses.ID, hash[:], ses.AccountID, ses.Shared, ses.Uses, key.Seal(idp.SealedDevice, []byte(ses.ID), device),
		ses.CreatedAt, ses.SeenAt, ses.IdleExpiresAt, ses.ExpiresAt)
	return db.Error("save session", err)
}

// EndSession ends one session and returns the clients to tell. Ending what
// has ended changes nothing and tells nobody. What there is to know of the
// clients comes along, so that nobody has to ask for them inside the unit of
// work, on a second connection.
func (s *Store) EndSession(ctx context.Context, tx idp.Tx, id idp.SessionID, why session.EndReason, now time.Time) ([]session.Party, error) {
	return s.end(ctx, tx, string(id), "", "", why, now)
}

// EndSessions ends all sessions of the account but one, which may be empty,
// and returns the clients to tell.
func (s *Store) EndSessions(ctx context.Context, tx idp.Tx, account idp.AccountID, but idp.SessionID, why session.EndReason, now time.Time) ([]session.Party, error) {
	return s.end(ctx, tx, "", string(account), string(but), why, now)
}

// endSQL holds both. Sessions that ran out by themselves are marked as well, so
// that none can be told twice. Where a client has something that outlives the
// session (offline_access), its events name the grants that end; elsewhere the
// session.
var endSQL = `
		WITH ended AS (
			UPDATE session
			SET ended_at = $1, ended_reason = $2
			WHERE (session_id = nullif($3, '')::uuid OR account_id = nullif($4, '')::uuid)
				AND ended_at IS NULL
				AND session_id::text <> $5
			RETURNING session_id
		), held AS (
			SELECT g.client_id, g.subject, g.sid, g.grant_id, g.offline,
				bool_or(g.offline) OVER (PARTITION BY g.session_id, g.client_id) AS outlived
			FROM oauth_grant g
			JOIN ended e ON e.session_id = g.session_id
			WHERE g.revoked_at IS NULL
				AND g.expires_at > $1
		), concerned AS (
			SELECT DISTINCT client_id, subject, sid, CASE WHEN outlived THEN grant_id END AS grant_id, '' AS token_id
			FROM held
			WHERE NOT offline
		), ` + event.Tell("$1", "$2") + `
		SELECT DISTINCT g.session_id, g.client_id, g.subject, g.sid, c.metadata->>'backchannel_logout_uri',
			coalesce(c.metadata->>'id_token_signed_response_alg', 'ES256'), c.development
		FROM oauth_grant g
		JOIN ended e ON e.session_id = g.session_id
		JOIN client c ON c.client_id = g.client_id
		WHERE c.metadata->>'backchannel_logout_uri' <> ''
			AND c.disabled_at IS NULL
		ORDER BY g.session_id, g.client_id`

func (s *Store) end(ctx context.Context, tx idp.Tx, one, all, but string, why session.EndReason, now time.Time) ([]session.Party, error) {
	rows, err := db.From(tx).Query(ctx, endSQL, now, why, one, all, but)
	if err != nil {
		return nil, db.Error("end sessions", err)
	}
	parties, err := pgx.CollectRows(rows, pgx.RowToStructByPos[session.Party])
	return parties, db.Error("end sessions", err)
}

// Sessions lists the account's open sessions, newest first, from after the cursor.
func (s *Store) Sessions(ctx context.Context, account idp.AccountID, after session.Cursor, limit int, now time.Time) ([]session.Listed, error) {
	rows, err := s.db.Query(ctx, `
		SELECT s.session_id, s.shared, s.created_at, s.seen_at, s.idle_expires_at, s.expires_at, s.sealed_device, a.data_key
		FROM session s
		JOIN account a ON a.account_id = s.account_id
		WHERE s.account_id = $1
			AND s.ended_at IS NULL
			AND s.idle_expires_at > $2
			AND s.expires_at > $2
			AND ($3::timestamptz IS NULL OR (s.created_at, s.session_id) < ($3, nullif($4, '')::uuid))
		ORDER BY s.created_at DESC, s.session_id DESC
		LIMIT $5`, account, now, at(after.CreatedAt), string(after.ID), limit)
	if err != nil {
		return nil, db.Error("list sessions", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (session.Listed, error) {
		l := session.Listed{Session: session.Session{AccountID: account}}
		var sealed, wrapped []byte
		err := row.Scan(&l.Session.ID, &l.Session.Shared, &l.Session.CreatedAt, &l.Session.SeenAt,
			&l.Session.IdleExpiresAt, &l.Session.ExpiresAt, &sealed, &wrapped)
		if err != nil || sealed == nil {
			return l, err
		}
		key, err := s.ring.UnwrapDataKey([]byte(account), wrapped)
		if err != nil {
			return l, err
		}
		plain, err := key.Open(idp.SealedDevice, []byte(l.Session.ID), sealed)
		if err != nil {
			return l, fmt.Errorf("open device of session: %w", err)
		}
		return l, json.Unmarshal(plain, &l.Device)
	})
	return list, db.Error("list sessions", err)
}
