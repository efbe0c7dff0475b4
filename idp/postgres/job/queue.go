package job

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"surety/idp"
	rules "surety/idp/job"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Seal and Open are those of the key ring (idp/keys): name, context, content.
type (
	Seal func(name string, context, plain []byte) []byte
	Open func(name string, context, sealed []byte) ([]byte, error)
)

// sealName is the name under which notices are sealed; the context is the
// event key, so that one notice's payload cannot stand in for another's.
const sealName = "outbox"

// payload is what lies sealed in the outbox.
type payload struct {
	Message idp.Message       `json:"message"`
	Logout  *idp.LogoutNotice `json:"logout,omitempty"`
}

// send is the job of sending one notice. It holds the id alone.
type send struct {
	EventKey string `json:"event_key"`
}

// Kind names the job to River.
func (send) Kind() string { return "send" }

// Queue puts notices into the outbox. It may be used by many goroutines.
type Queue struct {
	seal   Seal
	client *river.Client[pgx.Tx]
}

// NewQueue returns a queue on the database.
func NewQueue(d *db.DB, seal Seal, log *slog.Logger) (*Queue, error) {
	// Without queues of its own the client only inserts. It would leave out
	// the word to the workers when it gave one a moment ago; how long enqueuing
	// takes must not tell one person what another just did.
	client, err := river.NewClient(riverpgxv5.New(d.Pool), &river.Config{Logger: log, FetchCooldown: river.FetchCooldownMin})
	if err != nil {
		return nil, fmt.Errorf("open job queue: %w", err)
	}
	return &Queue{seal: seal, client: client}, nil
}

// maxEventKey bounds an event key: it is kept for a month, and indexed.
const maxEventKey = 200

// Enqueue has the notice sent once the transaction is committed. An event key
// that was enqueued before is not sent again, and that is no error.
func (q *Queue) Enqueue(ctx context.Context, tx idp.Tx, now time.Time, n idp.Notice) error {
	if n.EventKey == "" || len(n.EventKey) > maxEventKey || n.Kind == "" {
		return fmt.Errorf("enqueue notice %q: it has no proper event key or kind", n.Kind)
	}
	plain, err := json.Marshal(payload{Message: n.Message, Logout: n.Logout})
	if err != nil {
		return fmt.Errorf("enqueue notice %q: %w", n.Kind, err)
	}
	tag, err := db.From(tx).Exec(ctx, `
		INSERT INTO outbox (event_key, channel, kind, account_id, client_id, sealed, created_at)
		VALUES ($1, $2, $3, nullif($4, '')::uuid, nullif($5, ''), $6, $7)
		ON CONFLICT (event_key) DO NOTHING`,
		n.EventKey, n.Channel, n.Kind, n.AccountID, n.ClientID, q.seal(sealName, []byte(n.EventKey), plain), now)
	if err != nil {
		return db.Error("put notice into outbox", err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	_, err = q.client.InsertTx(ctx, db.From(tx), send{EventKey: n.EventKey}, &river.InsertOpts{
		Queue: string(n.Channel), MaxAttempts: rules.MostTries,
	})
	return db.Error("enqueue notice", err)
}
