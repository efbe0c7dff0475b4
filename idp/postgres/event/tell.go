package event

import (
	"context"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"
)

// Channel is notified with the id of a client that has news.
const Channel = "security_event"

// keep is how long an event waits for a client that is away. Tokens live for
// minutes; a day is for clients that end sessions of their own by what they read.
const keep = 24 * time.Hour

// Tell is an item of WITH, named told: it tells the clients in the rows of
// another item, concerned, that tokens of theirs were taken back. now and reason
// are SQL, such as "$1". The columns of concerned are client_id, subject, sid
// (empty: all that the person has), grant_id (null: all of the session) and
// token_id (empty: all of the grant).
func Tell(now, reason string) string {
	return tell(now, reason, `'`+string(idp.EventSessionRevoked)+`', '', ''`)
}

// tell writes a row for each client that wants events. The notification goes
// out with the commit, and once, however many rows there are.
func tell(now, reason, what string) string {
	return fmt.Sprintf(`told AS (
			INSERT INTO security_event (event_id, client_id, subject, sid, grant_id, token_id,
				kind, acr, previous_acr, reason, at, expires_at)
			SELECT gen_random_uuid(), x.client_id, x.subject, x.sid, x.grant_id, x.token_id,
				%[3]s, %[2]s, %[1]s, %[1]s + %[4]d * interval '1 second'
			FROM concerned x
			JOIN client c ON c.client_id = x.client_id
			WHERE c.metadata->>'security_events' = 'poll'
			RETURNING pg_notify('%[5]s', client_id)
		)`, now, reason, what, int(keep/time.Second), Channel)
}

var writeSQL = `
	WITH concerned AS (
		SELECT client_id, subject, sid, nullif(grant_id, '')::uuid AS grant_id, token_id, kind, acr, previous_acr, reason
		FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
			AS u (client_id, subject, sid, grant_id, token_id, kind, acr, previous_acr, reason)
	), ` + tell("$1::timestamptz", "x.reason", "x.kind, x.acr, x.previous_acr") + `
	SELECT`

// Write tells clients what happened, in the unit of work that it happened in.
// The ids of the events are made here.
//
// Errors: unavailable.
func Write(ctx context.Context, tx idp.Tx, now time.Time, events []idp.SecurityEvent) error {
	if len(events) == 0 {
		return nil
	}
	var columns [9][]string
	for _, e := range events {
		for i, value := range [...]string{
			string(e.ClientID), e.Subject, e.SID, string(e.GrantID), e.TokenID, string(e.Kind), e.ACR, e.PreviousACR, e.Reason,
		} {
			columns[i] = append(columns[i], value)
		}
	}
	args := []any{now}
	for _, c := range columns {
		args = append(args, c)
	}
	_, err := db.From(tx).Exec(ctx, writeSQL, args...)
	return db.Error("write security events", err)
}
