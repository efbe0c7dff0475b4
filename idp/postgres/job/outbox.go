package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// entry is one row of the outbox.
type entry struct {
	notice  idp.Notice // without its payload
	sealed  []byte
	created time.Time
	open    bool // neither sent nor given up
}

// loadEntry returns an entry that is not open when there is no such row: it
// was sent so long ago that it has been swept away.
func loadEntry(ctx context.Context, q db.Querier, eventKey string) (entry, error) {
	e := entry{notice: idp.Notice{EventKey: eventKey}}
	err := q.QueryRow(ctx, `
		SELECT channel, kind, coalesce(account_id::text, ''), coalesce(client_id, ''), sealed, created_at,
			sent_at IS NULL AND given_up_at IS NULL
		FROM outbox
		WHERE event_key = $1`, eventKey).
		Scan(&e.notice.Channel, &e.notice.Kind, &e.notice.AccountID, &e.notice.ClientID, &e.sealed, &e.created, &e.open)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, nil
	}
	return e, db.Error("load notice", err)
}

// unseal fills in the payload.
func (e *entry) unseal(open Open) error {
	plain, err := open(sealName, []byte(e.notice.EventKey), e.sealed)
	if err != nil {
		return fmt.Errorf("unseal notice: %w", err)
	}
	var p payload
	if err := json.Unmarshal(plain, &p); err != nil {
		return errors.New("unseal notice: the content cannot be read") // the cause would quote it
	}
	e.notice.Message, e.notice.Logout = p.Message, p.Logout
	return nil
}

// closeSent wipes the payload: what was sent has no business here any more.
func closeSent(ctx context.Context, tx pgx.Tx, eventKey string, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE outbox
		SET sent_at = $2, sealed = NULL
		WHERE event_key = $1
			AND sent_at IS NULL`, eventKey, now)
	return db.Error("note notice as sent", err)
}

// closeGivenUp wipes the payload of a notice that nobody will try to send again.
func closeGivenUp(ctx context.Context, tx pgx.Tx, eventKey string, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE outbox
		SET given_up_at = $2, sealed = NULL
		WHERE event_key = $1
			AND sent_at IS NULL
			AND given_up_at IS NULL`, eventKey, now)
	return db.Error("give notice up", err)
}
