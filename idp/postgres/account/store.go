package account

import (
	"context"

	"surety/idp"
	"surety/idp/keys"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5/pgtype/zeronull"
)

// Store is all of it. Make it with New; safe for concurrent use.
type Store struct {
	db   *db.DB
	ring *keys.Ring
}

// New returns a store on the database, sealing by the ring.
func New(d *db.DB, ring *keys.Ring) *Store { return &Store{db: d, ring: ring} }

// at maps the zero time to NULL and back.
type at = zeronull.Timestamptz

// Purposes of what the ring seals. They are part of what is stored: changed,
// nothing is opened any more.
const (
	purposeInteraction = "interaction"
	purposeProof       = "contact proof"
)

func (s *Store) mark(purpose, value string) []byte {
	sum := s.ring.Fingerprint(purpose, []byte(value))
	return sum[:]
}

// dataKey returns the person's own key.
func (s *Store) dataKey(ctx context.Context, q db.Querier, id idp.AccountID) (keys.DataKey, error) {
	var wrapped []byte
	err := q.QueryRow(ctx, `
		SELECT data_key
		FROM account
		WHERE account_id = $1`, id).Scan(&wrapped)
	if err != nil {
		return keys.DataKey{}, db.Error("read data key", err)
	}
	return s.ring.UnwrapDataKey([]byte(id), wrapped)
}
