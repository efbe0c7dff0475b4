package account

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"
)

// ClaimInteraction binds the request to another browser, once: whoever comes
// second finds it bound already. It reports whether it did.
func (s *Store) ClaimInteraction(ctx context.Context, id idp.InteractionID, from, to [32]byte, now time.Time) (bool, error) {
	tag, err := s.db.Exec(ctx, `
		UPDATE interaction
		SET browser_hash = $3
		WHERE interaction_id = $1
			AND browser_hash = $2
			AND completed_at IS NULL
			AND expires_at > $4`, id, from[:], to[:], now)
	if err != nil {
		return false, db.Error("claim interaction", err)
	}
	return tag.RowsAffected() == 1, nil
}
