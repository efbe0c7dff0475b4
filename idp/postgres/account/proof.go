package account

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

// sealedContact is what a proof's row holds sealed.
type sealedContact struct {
	Value   string `json:"value"`
	Display string `json:"display"`
	Key     string `json:"key"`
}

// BeginProof stores a new attempt to prove a contact.
func (s *Store) BeginProof(ctx context.Context, tx idp.Tx, p idp.ContactProof) error {
	plain, err := json.Marshal(sealedContact{p.Value, p.Display, p.Key})
	if err != nil {
		return fmt.Errorf("write contact: %w", err)
	}
	_, err = db.From(tx).Exec(ctx, `
		INSERT INTO contact_proof (proof_id, purpose, browser_hash, kind, fingerprint, sealed, language, terms_version,
			interaction_id, code_mac, link_hash, tries, sends, sent_at, code_expires_at, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, '')::uuid, $10, $11, 0, 1, $12, $13, $14, $15)`,
		p.ID, p.Purpose, p.Browser[:], p.Kind, s.mark(idp.MarkContact, p.Key),
		s.ring.Seal(purposeProof, []byte(p.ID), plain), p.Language, p.TermsVersion, string(p.InteractionID),
		p.CodeMAC, p.LinkHash, p.SentAt, p.CodeExpiresAt, p.CreatedAt, p.ExpiresAt)
	return db.Error("begin proof", err)
}

// SentAgain stores the new code and link of an attempt. The ones before are
// good no more, and the tries begin anew. It reports whether it did: not when
// the attempt was confirmed or is over.
func (s *Store) SentAgain(ctx context.Context, tx idp.Tx, p idp.ContactProof) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE contact_proof
		SET code_mac = $2, link_hash = $3, tries = 0, sends = sends + 1, sent_at = $4, code_expires_at = $5
		WHERE proof_id = $1
			AND confirmed_at IS NULL
			AND expires_at > $4`, p.ID, p.CodeMAC, p.LinkHash, p.SentAt, p.CodeExpiresAt)
	if err != nil {
		return false, db.Error("renew proof", err)
	}
	return tag.RowsAffected() == 1, nil
}

// proofColumns are read in this order by scanProof.
const proofColumns = `proof_id, purpose, browser_hash, kind, sealed, language, terms_version,
	coalesce(interaction_id::text, ''), code_mac, link_hash, tries, sends, sent_at, code_expires_at, confirmed_at,
	another_at, completed_at, created_at, expires_at`

// Proof returns the attempt if it belongs to the browser; zero, without
// error, otherwise.
func (s *Store) Proof(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, id idp.ProofID, browser [32]byte) (idp.ContactProof, error) {
	return s.scanProof("read proof", s.db.On(tx).QueryRow(ctx, `
		SELECT `+proofColumns+`
		FROM contact_proof
		WHERE proof_id = $1
			AND purpose = $2
			AND browser_hash = $3`, id, purpose, browser[:]))
}

// ProofByLink returns the attempt that the link belongs to, in whatever
// browser it is opened; zero, without error, when there is none.
func (s *Store) ProofByLink(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, hash [32]byte) (idp.ContactProof, error) {
	return s.scanProof("read proof by link", s.db.On(tx).QueryRow(ctx, `
		SELECT `+proofColumns+`
		FROM contact_proof
		WHERE link_hash = $1
			AND purpose = $2`, hash[:], purpose))
}

// TakeTry takes one of the attempt's tries before its code is compared, and
// returns the attempt; zero when no try was left, or the code is too old,
// used, or another browser's. The row stays locked until the unit of work
// ends, so that parallel tries are compared one after the other.
func (s *Store) TakeTry(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, id idp.ProofID, browser [32]byte, most int, now time.Time) (idp.ContactProof, error) {
	return s.scanProof("take try", db.From(tx).QueryRow(ctx, `
		UPDATE contact_proof
		SET tries = tries + 1
		WHERE proof_id = $1
			AND purpose = $2
			AND browser_hash = $3
			AND tries < $4
			AND confirmed_at IS NULL
			AND code_expires_at > $5
			AND expires_at > $5
		RETURNING `+proofColumns, id, purpose, browser[:], most, now))
}

// ConfirmProof records, once, that the contact was proven, and until when the
// person must have gone on. It reports whether it did.
func (s *Store) ConfirmProof(ctx context.Context, tx idp.Tx, id idp.ProofID, browser [32]byte, expires, now time.Time) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE contact_proof
		SET confirmed_at = $3, expires_at = $4
		WHERE proof_id = $1
			AND browser_hash = $2
			AND confirmed_at IS NULL
			AND expires_at > $3`, id, browser[:], now, expires)
	if err != nil {
		return false, db.Error("confirm proof", err)
	}
	return tag.RowsAffected() == 1, nil
}

// WantAnother records that the person wants one more account with the contact.
func (s *Store) WantAnother(ctx context.Context, tx idp.Tx, id idp.ProofID, browser [32]byte, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		UPDATE contact_proof
		SET another_at = $3
		WHERE proof_id = $1
			AND browser_hash = $2
			AND confirmed_at IS NOT NULL
			AND completed_at IS NULL
			AND expires_at > $3`, id, browser[:], now)
	return db.Error("want another account", err)
}

// CompleteProof uses the confirmed attempt up, once. It reports whether it did.
func (s *Store) CompleteProof(ctx context.Context, tx idp.Tx, id idp.ProofID, browser [32]byte, account idp.AccountID, now time.Time) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE contact_proof
		SET completed_at = $3, account_id = $4
		WHERE proof_id = $1
			AND browser_hash = $2
			AND confirmed_at IS NOT NULL
			AND completed_at IS NULL
			AND expires_at > $3`, id, browser[:], now, account)
	if err != nil {
		return false, db.Error("complete proof", err)
	}
	return tag.RowsAffected() == 1, nil
}

func (s *Store) scanProof(doing string, row pgx.Row) (idp.ContactProof, error) {
	var p idp.ContactProof
	var browser, sealed []byte
	err := row.Scan(&p.ID, &p.Purpose, &browser, &p.Kind, &sealed, &p.Language, &p.TermsVersion, &p.InteractionID,
		&p.CodeMAC, &p.LinkHash, &p.Tries, &p.Sends, &p.SentAt, &p.CodeExpiresAt, (*at)(&p.ConfirmedAt),
		(*at)(&p.AnotherAt), (*at)(&p.CompletedAt), &p.CreatedAt, &p.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return idp.ContactProof{}, nil
	}
	if err != nil {
		return idp.ContactProof{}, db.Error(doing, err)
	}
	plain, err := s.ring.Open(purposeProof, []byte(p.ID), sealed)
	if err != nil {
		return idp.ContactProof{}, fmt.Errorf("%s: open contact: %w", doing, err)
	}
	var c sealedContact
	if err := json.Unmarshal(plain, &c); err != nil {
		return idp.ContactProof{}, fmt.Errorf("%s: read contact: %w", doing, err)
	}
	p.Browser, p.Value, p.Display, p.Key = [32]byte(browser), c.Value, c.Display, c.Key
	return p, nil
}
