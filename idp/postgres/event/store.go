package event

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// backlog is how far back a named stream reads: longer than any access token
// lives. It is also what bounds the rows that one reading looks at.
const backlog = 10 * time.Minute

// Store is what clients read. Make it with New; safe for concurrent use.
type Store struct{ db *db.DB }

// New returns a store on the database.
func New(d *db.DB) *Store { return &Store{db: d} }

// columns are read by scan, in this order.
const columns = `e.event_id, e.client_id, e.kind, e.subject, e.sid, coalesce(e.grant_id::text, ''), e.token_id,
		e.acr, e.previous_acr, e.reason, e.at`

// What one statement changes it does not see: so what is acknowledged with
// this reading is left out by name.
const readSQL = `
	WITH done AS (
		UPDATE security_event
		SET acknowledged_at = $2
		WHERE client_id = $1
			AND event_id = ANY ($3::uuid[])
			AND acknowledged_at IS NULL
	)
	SELECT ` + columns + `
	FROM security_event e
	WHERE e.client_id = $1
		AND e.acknowledged_at IS NULL
		AND e.expires_at > $2
		AND e.event_id <> ALL ($3::uuid[])
	ORDER BY e.at, e.event_id
	LIMIT $4`

const readStreamSQL = `
	WITH done AS (
		INSERT INTO event_seen (event_id, stream, expires_at)
		SELECT e.event_id, $5, e.expires_at
		FROM security_event e
		WHERE e.client_id = $1
			AND e.event_id = ANY ($3::uuid[])
		ON CONFLICT ON CONSTRAINT event_seen_pkey DO NOTHING
	)
	SELECT ` + columns + `
	FROM security_event e
	WHERE e.client_id = $1
		AND e.at > $6
		AND e.expires_at > $2
		AND e.event_id <> ALL ($3::uuid[])
		AND NOT EXISTS (
			SELECT FROM event_seen s
			WHERE s.event_id = e.event_id
				AND s.stream = $5)
	ORDER BY e.at, e.event_id
	LIMIT $4`

// Read notes which events the client has, and returns the oldest of those that
// it has not. A named stream has an account of its own; the empty name is the
// client's own queue. Ids that are not the client's change nothing.
//
// Errors: unavailable.
func (s *Store) Read(ctx context.Context, client idp.ClientID, stream string, done []string, limit int, now time.Time) ([]idp.SecurityEvent, error) {
	sql, args := readSQL, []any{string(client), now, append([]string{}, done...), limit}
	if stream != "" {
		sql, args = readStreamSQL, append(args, stream, now.Add(-backlog))
	}
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, db.Error("read security events", err)
	}
	list, err := pgx.CollectRows(rows, scan)
	return list, db.Error("read security events", err)
}

func scan(row pgx.CollectableRow) (e idp.SecurityEvent, err error) {
	return e, row.Scan(&e.ID, &e.ClientID, &e.Kind, &e.Subject, &e.SID, &e.GrantID, &e.TokenID,
		&e.ACR, &e.PreviousACR, &e.Reason, &e.At)
}
