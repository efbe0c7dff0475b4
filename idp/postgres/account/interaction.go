package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

var errNoInteraction = idp.E(idp.CodeNotFound, "error.interaction.unknown")

// sealedRequest is what an interaction's row holds sealed: login_hint is
// personal, and so may any other parameter be.
type sealedRequest struct {
	Request interaction.Request `json:"request"`
	Form    url.Values          `json:"form"`
}

// OpenInteraction stores a new pending request for the browser.
func (s *Store) OpenInteraction(ctx context.Context, browser [32]byte, i interaction.Interaction) error {
	plain, err := json.Marshal(sealedRequest{i.Request, i.Form})
	if err != nil {
		return fmt.Errorf("write interaction: %w", err)
	}
	_, err = s.db.Exec(ctx, `
		INSERT INTO interaction (interaction_id, browser_hash, client_id, sealed, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		i.ID, browser[:], i.Request.ClientID, s.ring.Seal(purposeInteraction, []byte(i.ID), plain), i.CreatedAt, i.ExpiresAt)
	return db.Error("open interaction", err)
}

// Interaction returns the request and the hash of the browser it belongs to.
func (s *Store) Interaction(ctx context.Context, id idp.InteractionID) (interaction.Interaction, [32]byte, error) {
	var i interaction.Interaction
	var browser, sealed []byte
	err := s.db.QueryRow(ctx, `
		SELECT interaction_id, browser_hash, client_id, sealed, coalesce(account_id::text, ''), account_chosen_at,
			coalesce(consent_id::text, ''), consented_at, step_up_declined_at, completed_at, coalesce(outcome, ''), created_at, expires_at
		FROM interaction
		WHERE interaction_id = $1`, id).Scan(
		&i.ID, &browser, &i.Request.ClientID, &sealed, &i.AccountID, (*at)(&i.AccountChosenAt),
		&i.ConsentID, (*at)(&i.ConsentedAt), (*at)(&i.StepUpDeclinedAt), (*at)(&i.CompletedAt), &i.Outcome, &i.CreatedAt, &i.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return interaction.Interaction{}, [32]byte{}, errNoInteraction
	}
	if err != nil {
		return interaction.Interaction{}, [32]byte{}, db.Error("read interaction", err)
	}
	plain, err := s.ring.Open(purposeInteraction, []byte(i.ID), sealed)
	if err != nil {
		return interaction.Interaction{}, [32]byte{}, fmt.Errorf("open interaction: %w", err)
	}
	var r sealedRequest
	if err := json.Unmarshal(plain, &r); err != nil {
		return interaction.Interaction{}, [32]byte{}, fmt.Errorf("read interaction: %w", err)
	}
	i.Request, i.Form = r.Request, r.Form
	return i, [32]byte(browser), nil
}

// FinishInteraction completes the request, once and only in its browser. It
// reports whether it did.
func (s *Store) FinishInteraction(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, o interaction.Outcome, now time.Time) (bool, error) {
	tag, err := s.db.On(tx).Exec(ctx, `
		UPDATE interaction
		SET completed_at = $3, outcome = $4
		WHERE interaction_id = $1
			AND browser_hash = $2
			AND completed_at IS NULL
			AND expires_at > $3`, id, browser[:], now, o)
	if err != nil {
		return false, db.Error("finish interaction", err)
	}
	return tag.RowsAffected() == 1, nil
}

// ChoseAccount records that the person goes on as the account. What another
// account did in this interaction is forgotten.
func (s *Store) ChoseAccount(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, account idp.AccountID, now time.Time) (bool, error) {
	tag, err := s.db.On(tx).Exec(ctx, `
		UPDATE interaction
		SET account_id = $3, account_chosen_at = $4,
			consent_id = CASE WHEN account_id = $3 THEN consent_id END,
			consented_at = CASE WHEN account_id = $3 THEN consented_at END,
			step_up_declined_at = CASE WHEN account_id = $3 THEN step_up_declined_at END
		WHERE interaction_id = $1
			AND browser_hash = $2
			AND completed_at IS NULL
			AND expires_at > $4`, id, browser[:], account, now)
	if err != nil {
		return false, db.Error("choose account", err)
	}
	return tag.RowsAffected() == 1, nil
}

// Consented records that the account gave this consent in the interaction.
func (s *Store) Consented(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, account idp.AccountID, consent string, now time.Time) (bool, error) {
	tag, err := s.db.On(tx).Exec(ctx, `
		UPDATE interaction
		SET account_id = $3, consent_id = $4, consented_at = $5,
			account_chosen_at = CASE WHEN account_id = $3 THEN account_chosen_at END,
			step_up_declined_at = CASE WHEN account_id = $3 THEN step_up_declined_at END
		WHERE interaction_id = $1
			AND browser_hash = $2
			AND completed_at IS NULL
			AND expires_at > $5`, id, browser[:], account, consent, now)
	if err != nil {
		return false, db.Error("record consent in interaction", err)
	}
	return tag.RowsAffected() == 1, nil
}

// DeclinedStepUp records that the account goes on without the level that was
// wished for.
func (s *Store) DeclinedStepUp(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, account idp.AccountID, now time.Time) (bool, error) {
	tag, err := s.db.On(tx).Exec(ctx, `
		UPDATE interaction
		SET account_id = $3, step_up_declined_at = $4,
			consent_id = CASE WHEN account_id = $3 THEN consent_id END,
			consented_at = CASE WHEN account_id = $3 THEN consented_at END,
			account_chosen_at = CASE WHEN account_id = $3 THEN account_chosen_at END
		WHERE interaction_id = $1
			AND browser_hash = $2
			AND completed_at IS NULL
			AND expires_at > $4`, id, browser[:], account, now)
	if err != nil {
		return false, db.Error("record that a step-up was declined", err)
	}
	return tag.RowsAffected() == 1, nil
}
