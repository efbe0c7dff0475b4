package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"surety/idp"
	chain "surety/idp/audit"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// Columns are those of audit_event that a statement writes, in the order of
// Values. The others (transaction and number) the database fills in.
const Columns = "at, type, account_id, actor_id, client_id, session_id, attrs, personal"

// columnCasts give each value its type where the statement does not imply it,
// as in INSERT ... SELECT $1, $2 FROM ....
var columnCasts = [...]string{"timestamptz", "text", "uuid", "text", "text", "uuid", "jsonb", "bytea"}

// Width is the number of columns, and of values.
const Width = len(columnCasts)

// Placeholders returns "$n::timestamptz, $n+1::text, ..." for use in a
// statement whose parameters from number first on are Values.
func Placeholders(first int) string {
	var b strings.Builder
	for i, cast := range columnCasts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i) + "::" + cast)
	}
	return b.String()
}

// Store writes events.
type Store struct {
	seal chain.SealFunc // for events that bring no key of a person
}

// New returns a store that seals personal attributes with seal unless the
// event brings a person's own key.
func New(seal chain.SealFunc) *Store { return &Store{seal: seal} }

// Append writes the events in the transaction, in one round trip.
func (s *Store) Append(ctx context.Context, tx idp.Tx, now time.Time, events ...chain.Event) error {
	switch len(events) {
	case 0:
		return nil
	case 1:
		values, err := s.Values(now, events[0])
		if err != nil {
			return err
		}
		_, err = db.From(tx).Exec(ctx, insertOne, values...)
		return db.Error("append audit event", err)
	}
	batch := &pgx.Batch{}
	for _, e := range events {
		values, err := s.Values(now, e)
		if err != nil {
			return err
		}
		batch.Queue(insertOne, values...)
	}
	return db.Error("append audit events", db.From(tx).SendBatch(ctx, batch).Close())
}

var insertOne = `
	INSERT INTO audit_event (` + Columns + `)
	VALUES (` + Placeholders(1) + `)`

// Values returns the event as values for Columns, its personal part sealed.
func (s *Store) Values(now time.Time, e chain.Event) ([]any, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	personal, err := s.sealPersonal(e)
	if err != nil {
		return nil, err
	}
	attrs := e.Attrs
	if attrs == nil {
		attrs = map[string]string{}
	}
	return []any{
		now, e.Type, nullable(string(e.AccountID)), nullable(e.ActorID), nullable(string(e.ClientID)),
		nullable(string(e.SessionID)), attrs, personal,
	}, nil
}

// PersonalName is the name under which personal attributes are sealed; the
// context is the account id, or empty.
const PersonalName = "audit"

func (s *Store) sealPersonal(e chain.Event) ([]byte, error) {
	if len(e.Personal) == 0 {
		return nil, nil
	}
	plain, err := json.Marshal(e.Personal)
	if err != nil {
		return nil, fmt.Errorf("encode personal part of audit event: %w", err)
	}
	seal := e.Seal
	if seal == nil {
		seal = s.seal
	}
	return seal(PersonalName, []byte(e.AccountID), plain), nil
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Prepare makes the partitions of this month and the three that follow.
func (s *Store) Prepare(ctx context.Context, q db.Querier, now time.Time) error {
	_, err := q.Exec(ctx, `SELECT audit_prepare($1, 4)`, chain.MonthOf(now))
	return db.Error("make audit partitions", err)
}

// Drop removes a month that is past every duty to keep it; its seals stay. It
// reports whether there was anything to remove. The database refuses a month
// that is younger than thirteen months or not sealed.
func (s *Store) Drop(ctx context.Context, q db.Querier, month time.Time) (bool, error) {
	var dropped bool
	err := q.QueryRow(ctx, `SELECT audit_drop($1)`, chain.MonthOf(month)).Scan(&dropped)
	return dropped, db.Error("drop audit month", err)
}
