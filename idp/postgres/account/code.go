package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

const purposeCode = "contact code"

// BeginCode stores a code that is being sent to a contact.
func (s *Store) BeginCode(ctx context.Context, tx idp.Tx, c idp.ContactCode) error {
	plain, err := json.Marshal(c.Form)
	if err != nil {
		return fmt.Errorf("write contact: %w", err)
	}
	_, err = db.From(tx).Exec(ctx, `
		INSERT INTO contact_code (code_id, account_id, contact_id, purpose, browser_hash, mac, tries, sends, sent_at,
			code_expires_at, sealed, created_at, expires_at)
		VALUES ($1, nullif($2, '')::uuid, nullif($3, '')::uuid, $4, $5, $6, 0, 1, $7, $8, $9, $10, $11)`,
		c.ID, string(c.AccountID), string(c.ContactID), c.Purpose, c.Binding[:], c.MAC, c.SentAt, c.CodeExpiresAt,
		s.ring.Seal(purposeCode, []byte(c.ID), plain), c.CreatedAt, c.ExpiresAt)
	return db.Error("begin code", err)
}

// CodeSentAgain stores a new code in the place of one, with new tries. The one
// before is good no more. It reports false when that was used or is over.
func (s *Store) CodeSentAgain(ctx context.Context, tx idp.Tx, c idp.ContactCode) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE contact_code
		SET mac = $2, tries = 0, sends = sends + 1, sent_at = $3, code_expires_at = $4
		WHERE code_id = $1
			AND used_at IS NULL
			AND expires_at > $3`, c.ID, c.MAC, c.SentAt, c.CodeExpiresAt)
	if err != nil {
		return false, db.Error("renew code", err)
	}
	return tag.RowsAffected() == 1, nil
}

// codeColumns are read in this order by scanCode.
const codeColumns = `code_id, coalesce(account_id::text, ''), coalesce(contact_id::text, ''), purpose, mac, tries, sends,
	sent_at, code_expires_at, used_at, sealed, created_at, expires_at`

// Code returns a code if it was sent for this place; zero, without error, otherwise.
func (s *Store) Code(ctx context.Context, tx idp.Tx, purpose idp.CodePurpose, id string, binding [32]byte) (idp.ContactCode, error) {
	return s.scanCode("read code", binding, s.db.On(tx).QueryRow(ctx, `
		SELECT `+codeColumns+`
		FROM contact_code
		WHERE code_id = $1
			AND purpose = $2
			AND browser_hash = $3`, id, purpose, binding[:]))
}

// TakeCodeTry takes one of a code's tries before it is compared, and returns
// the code; zero when no try was left, or it is too old, used, or of another
// place. The row stays locked until the unit of work ends, so that parallel
// tries are compared one after the other.
func (s *Store) TakeCodeTry(ctx context.Context, tx idp.Tx, purpose idp.CodePurpose, id string, binding [32]byte, most int, now time.Time) (idp.ContactCode, error) {
	return s.scanCode("take try of code", binding, db.From(tx).QueryRow(ctx, `
		UPDATE contact_code
		SET tries = tries + 1
		WHERE code_id = $1
			AND purpose = $2
			AND browser_hash = $3
			AND tries < $4
			AND used_at IS NULL
			AND code_expires_at > $5
			AND expires_at > $5
		RETURNING `+codeColumns, id, purpose, binding[:], most, now))
}

// UseCode uses a code up, and reports whether it was there to use.
func (s *Store) UseCode(ctx context.Context, tx idp.Tx, id string, now time.Time) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE contact_code
		SET used_at = $2
		WHERE code_id = $1
			AND used_at IS NULL
			AND expires_at > $2`, id, now)
	if err != nil {
		return false, db.Error("use code", err)
	}
	return tag.RowsAffected() == 1, nil
}

// Binding returns the contact whose code to bind was entered in this place
// since then and was not taken yet, and when; zero, without error, when there
// is none. A contact that is no longer anchored binds nothing.
func (s *Store) Binding(ctx context.Context, tx idp.Tx, account idp.AccountID, binding [32]byte, since time.Time) (id idp.ContactID, enteredAt time.Time, err error) {
	err = s.db.On(tx).QueryRow(ctx, `
		SELECT b.contact_id, b.used_at
		FROM contact_code b
		JOIN contact c ON c.contact_id = b.contact_id
		WHERE b.account_id = $1
			AND b.purpose = 'bind'
			AND b.browser_hash = $2
			AND b.used_at > $3
			AND c.anchored_at IS NOT NULL
		ORDER BY b.used_at DESC
		LIMIT 1`, account, binding[:], since).Scan(&id, &enteredAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", time.Time{}, nil
	}
	return id, enteredAt, db.Error("read binding", err)
}

// TakeBinding takes what Binding would return, once: all codes to bind that
// were entered in this place are gone afterwards.
func (s *Store) TakeBinding(ctx context.Context, tx idp.Tx, account idp.AccountID, binding [32]byte, since time.Time) (idp.ContactID, error) {
	rows, err := db.From(tx).Query(ctx, `
		DELETE FROM contact_code b
		USING contact c
		WHERE c.contact_id = b.contact_id
			AND b.account_id = $1
			AND b.purpose = 'bind'
			AND b.browser_hash = $2
			AND b.used_at IS NOT NULL
		RETURNING b.contact_id, b.used_at > $3 AND c.anchored_at IS NOT NULL`, account, binding[:], since)
	if err != nil {
		return "", db.Error("take binding", err)
	}
	var found, id idp.ContactID
	var binds bool
	_, err = pgx.ForEachRow(rows, []any{&id, &binds}, func() error {
		if binds {
			found = id
		}
		return nil
	})
	return found, db.Error("take binding", err)
}

// PhoneLogin returns whom a telephone number that is a login name, and was used
// since then, leads to; zero, without error, when nobody logs in with it.
// Numbers are given to other people (RULES R6).
func (s *Store) PhoneLogin(ctx context.Context, tx idp.Tx, key string, browser [32]byte, used time.Time) (idp.Entrance, error) {
	var e idp.Entrance
	a := &e.Account
	err := s.db.On(tx).QueryRow(ctx, `
		SELECT a.account_id, a.state, a.stage, a.language, c.contact_id, c.bound_level,
			EXISTS (
				SELECT
				FROM known_device d
				WHERE d.account_id = a.account_id AND d.device_hash = $2)
		FROM login_name n
		JOIN account a ON a.account_id = n.account_id
		JOIN contact c ON c.contact_id = n.contact_id AND c.kind = 'phone'
		WHERE n.fingerprint = $1
			AND c.last_used_at > $3`, s.mark(idp.MarkLoginName, key), s.mark(idp.MarkDevice, string(browser[:])), used).Scan(
		&a.ID, &a.State, &a.Stage, &a.Language, &e.Contact, &e.BoundLevel, &e.KnownDevice)
	if errors.Is(err, pgx.ErrNoRows) {
		return idp.Entrance{}, nil
	}
	return e, db.Error("find telephone login", err)
}

// UsePhone records that the person logged in by a code to the contact, and up
// to where such codes count from now on. It reports false when the contact is
// no longer the account's, or the account no longer active.
func (s *Store) UsePhone(ctx context.Context, tx idp.Tx, account idp.AccountID, id idp.ContactID, bound assurance.LevelName, now time.Time) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		WITH used AS (
			UPDATE contact
			SET last_used_at = greatest(last_used_at, $4), bound_level = $3
			WHERE contact_id = $2
				AND account_id = $1
				AND kind = 'phone'
			RETURNING account_id
		)
		UPDATE account
		SET last_used_at = $4
		WHERE account_id = (SELECT account_id FROM used)
			AND state = 'active'`, account, id, bound, now)
	if err != nil {
		return false, db.Error("record use of telephone", err)
	}
	return tag.RowsAffected() == 1, nil
}

func (s *Store) scanCode(doing string, binding [32]byte, row pgx.Row) (idp.ContactCode, error) {
	c := idp.ContactCode{Binding: binding}
	var sealed []byte
	err := row.Scan(&c.ID, &c.AccountID, &c.ContactID, &c.Purpose, &c.MAC, &c.Tries, &c.Sends, &c.SentAt,
		&c.CodeExpiresAt, (*at)(&c.UsedAt), &sealed, &c.CreatedAt, &c.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return idp.ContactCode{}, nil
	}
	if err != nil {
		return idp.ContactCode{}, db.Error(doing, err)
	}
	plain, err := s.ring.Open(purposeCode, []byte(c.ID), sealed)
	if err != nil {
		return idp.ContactCode{}, fmt.Errorf("%s: open contact: %w", doing, err)
	}
	return c, json.Unmarshal(plain, &c.Form)
}
