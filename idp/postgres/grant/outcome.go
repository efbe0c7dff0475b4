package grant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/grant"
)

// Only what a person did is an event: a request of nobody costs nothing to
// send, and must leave nothing that is kept for years.
const keepOutcomeSQL = `
	WITH kept AS (
		INSERT INTO outcome (reference_hash, client_id, account_id, body, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		RETURNING client_id, account_id
	)
	INSERT INTO audit_event (at, type, account_id, client_id, attrs)
	SELECT $5, 'request.unmet', account_id, client_id, $7
	FROM kept
	WHERE account_id IS NOT NULL`

// KeepOutcome stores what a client may fetch about a request that was not met.
//
// Errors: unavailable.
func (s Store) KeepOutcome(ctx context.Context, o grant.Outcome) error {
	attrs, err := json.Marshal(o.Attrs)
	if err != nil {
		return fmt.Errorf("write audit of outcome: %w", err)
	}
	_, err = s.DB.Exec(ctx, keepOutcomeSQL,
		o.Hash[:], string(o.ClientID), null(o.AccountID), []byte(o.Body), o.CreatedAt, o.ExpiresAt, attrs)
	return dbError("keep outcome", err)
}

// A body is given out once: of many who ask at the same moment one gets the
// row. The second SELECT tells one that is over from one that never was.
const fetchOutcomeSQL = `
	WITH fetched AS (
		UPDATE outcome
		SET fetched_at = $3
		WHERE reference_hash = $1
			AND client_id = $2
			AND fetched_at IS NULL
			AND expires_at > $3
		RETURNING body
	)
	SELECT (SELECT body FROM fetched), EXISTS (
		SELECT FROM outcome
		WHERE reference_hash = $1
			AND client_id = $2)`

var errNoOutcome, errOutcomeOver = idp.E(idp.CodeNotFound, ""), idp.E(idp.CodeExpired, "")

// FetchOutcome gives a client what came of its request, once.
//
// Errors: not_found when there is none for this client; expired when it was
// fetched before or its time is over; unavailable.
func (s Store) FetchOutcome(ctx context.Context, client idp.ClientID, hash [32]byte, now time.Time) (json.RawMessage, error) {
	var body []byte
	var exists bool
	err := s.DB.QueryRow(ctx, fetchOutcomeSQL, hash[:], string(client), now).Scan(&body, &exists)
	switch {
	case err != nil:
		return nil, dbError("fetch outcome", err)
	case body != nil:
		return body, nil
	case exists:
		return nil, fmt.Errorf("fetch outcome: %w", errOutcomeOver)
	}
	return nil, fmt.Errorf("fetch outcome: %w", errNoOutcome)
}
