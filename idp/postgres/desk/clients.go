package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"
)

// ClientChanged is the channel on which changes of clients are told. The
// payload is the client's id.
const ClientChanged = "client_changed"

// Clients stores relying parties (operator.Clients).
type Clients struct{ db *db.DB }

// NewClients returns the store.
func NewClients(d *db.DB) *Clients { return &Clients{db: d} }

// at maps the zero time to NULL and back.
type at = zeronull.Timestamptz

var clientErrors = db.Known{
	"client_pkey": idp.E(idp.CodeConflict, "error.conflict"),
	db.NoRows:     idp.E(idp.CodeNotFound, "error.client.unknown"),
}

// Insert adds a client.
func (s *Clients) Insert(ctx context.Context, tx idp.Tx, c *client.Client) error {
	metadata, secrets, err := encodeClient(c)
	if err != nil {
		return err
	}
	_, err = db.From(tx).Exec(ctx, `
		INSERT INTO client (client_id, metadata, secret_hash, previous_secret_hash, previous_secret_until,
			development, disabled_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.ID, metadata, secrets[0].Hash, secrets[1].Hash, at(secrets[1].ExpiresAt),
		c.Development, at(c.DisabledAt), c.CreatedAt, c.UpdatedAt)
	if err != nil {
		return db.Error("insert client", err, clientErrors)
	}
	return tellClient(ctx, tx, c.ID)
}

// Update writes everything but id and creation.
func (s *Clients) Update(ctx context.Context, tx idp.Tx, c *client.Client) error {
	metadata, secrets, err := encodeClient(c)
	if err != nil {
		return err
	}
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE client
		SET metadata = $2, secret_hash = $3, previous_secret_hash = $4, previous_secret_until = $5,
			development = $6, disabled_at = $7, updated_at = $8
		WHERE client_id = $1`,
		c.ID, metadata, secrets[0].Hash, secrets[1].Hash, at(secrets[1].ExpiresAt),
		c.Development, at(c.DisabledAt), c.UpdatedAt)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return db.Error("update client", err, clientErrors)
	}
	return tellClient(ctx, tx, c.ID)
}

// tellClient is sent by PostgreSQL when, and only if, the transaction commits.
func tellClient(ctx context.Context, tx idp.Tx, id idp.ClientID) error {
	_, err := db.From(tx).Exec(ctx, `SELECT pg_notify('`+ClientChanged+`', $1)`, string(id))
	return db.Error("tell of changed client", err)
}

const selectClient = `
	SELECT client_id, metadata, secret_hash, previous_secret_hash, previous_secret_until, disabled_at, created_at, updated_at
	FROM client`

// Find reads a client.
func (s *Clients) Find(ctx context.Context, id idp.ClientID) (*client.Client, error) {
	return one(ctx, s.db, selectClient+`
		WHERE client_id = $1`, id)
}

// ForUpdate reads a client and locks it.
func (s *Clients) ForUpdate(ctx context.Context, tx idp.Tx, id idp.ClientID) (*client.Client, error) {
	return one(ctx, db.From(tx), selectClient+`
		WHERE client_id = $1
		FOR UPDATE`, id)
}

func one(ctx context.Context, q db.Querier, sql string, id idp.ClientID) (*client.Client, error) {
	rows, err := q.Query(ctx, sql, string(id))
	if err != nil {
		return nil, db.Error("read client", err, clientErrors)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanClient)
	return c, db.Error("read client", err, clientErrors)
}

// Page lists clients by id.
func (s *Clients) Page(ctx context.Context, after idp.ClientID, limit int) ([]*client.Client, error) {
	rows, err := s.db.Query(ctx, selectClient+`
		WHERE client_id > $1
		ORDER BY client_id
		LIMIT $2`, string(after), limit)
	if err != nil {
		return nil, db.Error("list clients", err)
	}
	page, err := pgx.CollectRows(rows, scanClient)
	return page, db.Error("list clients", err)
}

// encodeClient gives the columns; there are always two secrets, empty ones
// for those that are not there.
func encodeClient(c *client.Client) (metadata []byte, secrets [2]client.Secret, err error) {
	if metadata, err = json.Marshal(c.Metadata); err != nil {
		return nil, secrets, fmt.Errorf("write metadata of client %s: %w", c.ID, err)
	}
	copy(secrets[:], c.Secrets)
	return metadata, secrets, nil
}

func scanClient(row pgx.CollectableRow) (*client.Client, error) {
	var (
		id                        idp.ClientID
		raw                       []byte
		secret, previous          string
		previousUntil, disabledAt at
		createdAt, updatedAt      time.Time
	)
	if err := row.Scan(&id, &raw, &secret, &previous, &previousUntil, &disabledAt, &createdAt, &updatedAt); err != nil {
		return nil, err
	}
	var m client.Metadata
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("stored metadata of client %s: %w", id, notTheirs{err})
	}
	c, err := client.New(id, m, createdAt)
	if err != nil {
		return nil, fmt.Errorf("stored metadata of client %s: %w", id, notTheirs{err})
	}
	c.UpdatedAt, c.DisabledAt = updatedAt, time.Time(disabledAt)
	if secret != "" {
		c.Secrets = append(c.Secrets, client.Secret{Hash: secret})
	}
	if previous != "" {
		c.Secrets = append(c.Secrets, client.Secret{Hash: previous, ExpiresAt: time.Time(previousUntil)})
	}
	return c, nil
}

// notTheirs hides the code of an error: metadata that were good when stored
// and are not any more are a fault of ours, not of whoever asks.
type notTheirs struct{ cause error }

func (e notTheirs) Error() string { return e.cause.Error() }
