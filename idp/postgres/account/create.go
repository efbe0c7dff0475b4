package account

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// HoldContact makes others that register with the same contact wait until the
// unit of work ends, so that counting its accounts and adding one is one act.
func (s *Store) HoldContact(ctx context.Context, tx idp.Tx, key string) error {
	name := int64(binary.BigEndian.Uint64(s.mark(idp.MarkContact, key)))
	_, err := db.From(tx).Exec(ctx, `
		SELECT pg_advisory_xact_lock($1)`, name)
	return db.Error("hold contact", err)
}

// ContactUse tells how many accounts have the contact, and whether it is a
// login name.
func (s *Store) ContactUse(ctx context.Context, tx idp.Tx, key string) (accounts int, login bool, err error) {
	err = s.db.On(tx).QueryRow(ctx, `
		SELECT (
				SELECT count(*)
				FROM contact c
				JOIN account a ON a.account_id = c.account_id
				WHERE c.fingerprint = $1 AND a.state <> 'closed'),
			EXISTS (
				SELECT
				FROM login_name
				WHERE fingerprint = $2)`, s.mark(idp.MarkContact, key), s.mark(idp.MarkLoginName, key)).Scan(&accounts, &login)
	return accounts, login, db.Error("count accounts of contact", err)
}

// Create makes an account with its data key, contacts, attributes, proofings,
// credentials and the terms that were accepted. Login names are added by AddLoginName.
func (s *Store) Create(ctx context.Context, tx idp.Tx, n idp.NewAccount) error {
	a, now := n.Account, n.Account.CreatedAt
	key, wrapped, err := s.ring.NewDataKey([]byte(a.ID))
	if err != nil {
		return fmt.Errorf("make data key: %w", err)
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		INSERT INTO account (account_id, state, stage, data_key, language, tokens_valid_from, terms_version,
			terms_accepted_at, last_used_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
		a.ID, a.State, a.Stage, wrapped, a.Language, a.TokensValidFrom, a.TermsVersion, n.AcceptedAt, now)
	batch.Queue(`
		INSERT INTO terms_acceptance (account_id, version, accepted_at)
		VALUES ($1, $2, $3)`, a.ID, a.TermsVersion, n.AcceptedAt)
	for _, c := range append([]idp.NewContact{{Contact: n.Contact, Key: n.ContactKey}}, n.Contacts...) {
		batch.Queue(`
			INSERT INTO contact (contact_id, account_id, kind, fingerprint, sealed, is_main, confirmed_at, resets_from,
				last_used_at, anchored_at, bound_level, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			c.ID, a.ID, c.Kind, s.mark(idp.MarkContact, c.Key), key.Seal(idp.SealedContact, []byte(c.ID), []byte(c.Value)),
			c.Main, c.ConfirmedAt, c.ResetsFrom, c.LastUsedAt, at(c.AnchoredAt), c.BoundLevel, now)
	}
	for _, p := range n.Proofings {
		batch.Queue(`
			INSERT INTO proofing (proofing_id, account_id, method, method_version, stage, cap, document_expired,
				not_before, expires_at, document_until, proofed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			idp.NewID(), a.ID, p.Method, p.Version, p.Stage, p.Cap, p.DocumentExpired,
			at(p.NotBefore), at(p.ExpiresAt), at(p.DocumentUntil), p.At)
	}
	for _, attribute := range n.Attributes {
		batch.Queue(`
			INSERT INTO person_attribute (account_id, name, sealed, source, verified_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			a.ID, attribute.Name, key.Seal(idp.SealedAttribute+attribute.Name, []byte(a.ID), []byte(attribute.Value)),
			attribute.Source, at(attribute.VerifiedAt), attribute.UpdatedAt)
	}
	if err := db.From(tx).SendBatch(ctx, batch).Close(); err != nil {
		return db.Error("create account", err)
	}
	for _, f := range n.Factors {
		if err := s.AddFactor(ctx, tx, f); err != nil {
			return err
		}
	}
	return s.SetPassword(ctx, tx, n.Credential)
}

// AddLoginName gives the account a login name, and reports false when somebody
// has it. contact is empty for a name that was made up.
func (s *Store) AddLoginName(ctx context.Context, tx idp.Tx, account idp.AccountID, key string, n idp.LoginName, now time.Time) (bool, error) {
	q := db.From(tx)
	dataKey, err := s.dataKey(ctx, q, account)
	if err != nil {
		return false, err
	}
	tag, err := q.Exec(ctx, `
		INSERT INTO login_name (fingerprint, account_id, contact_id, sealed, created_at)
		VALUES ($1, $2, nullif($3, '')::uuid, $4, $5)
		ON CONFLICT ON CONSTRAINT login_name_pkey DO NOTHING`,
		s.mark(idp.MarkLoginName, key), account, string(n.ContactID),
		dataKey.Seal(idp.SealedLoginName, []byte(account), []byte(n.Value)), now)
	if err != nil {
		return false, db.Error("add login name", err)
	}
	return tag.RowsAffected() == 1, nil
}

// Resettable lists the accounts whose password this contact may reset now: it
// is theirs, old enough with them, and, for a telephone number, used since
// phoneUsed (numbers are given to other people, RULES R6). Closed and frozen
// accounts are not among them.
func (s *Store) Resettable(ctx context.Context, tx idp.Tx, key string, now, phoneUsed time.Time) ([]idp.Resettable, error) {
	rows, err := s.db.On(tx).Query(ctx, `
		SELECT a.account_id, c.contact_id, a.language, a.data_key,
			(SELECT sealed FROM person_attribute p WHERE p.account_id = a.account_id AND p.name = 'given_name'),
			(SELECT sealed FROM person_attribute p WHERE p.account_id = a.account_id AND p.name = 'family_name'),
			(SELECT coalesce(array_agg(n.sealed ORDER BY n.created_at, n.fingerprint), '{}')
				FROM login_name n WHERE n.account_id = a.account_id),
			(SELECT coalesce(array_agg(coalesce(n.contact_id::text, '') ORDER BY n.created_at, n.fingerprint), '{}')
				FROM login_name n WHERE n.account_id = a.account_id)
		FROM contact c
		JOIN account a ON a.account_id = c.account_id
		WHERE c.fingerprint = $1
			AND a.state = 'active'
			AND c.resets_from <= $2
			AND (c.kind <> 'phone' OR c.last_used_at > $3)
		ORDER BY a.created_at, a.account_id`, s.mark(idp.MarkContact, key), now, phoneUsed)
	if err != nil {
		return nil, db.Error("list resettable accounts", err)
	}
	list, err := pgx.CollectRows(rows, s.scanResettable)
	return list, db.Error("list resettable accounts", err)
}

func (s *Store) scanResettable(row pgx.CollectableRow) (idp.Resettable, error) {
	var r idp.Resettable
	var wrapped, given, surname []byte
	var logins [][]byte
	var contacts []string
	if err := row.Scan(&r.AccountID, &r.ContactID, &r.Language, &wrapped, &given, &surname, &logins, &contacts); err != nil {
		return r, err
	}
	key, err := s.ring.UnwrapDataKey([]byte(r.AccountID), wrapped)
	if err != nil {
		return r, err
	}
	open := func(field string, sealed []byte) string {
		if sealed == nil || err != nil {
			return ""
		}
		var plain []byte
		plain, err = key.Open(field, []byte(r.AccountID), sealed)
		return string(plain)
	}
	r.GivenName = open(idp.SealedAttribute+"given_name", given)
	r.Surname = open(idp.SealedAttribute+"family_name", surname)
	for i, sealed := range logins {
		r.LoginNames = append(r.LoginNames, idp.LoginName{Value: open(idp.SealedLoginName, sealed), ContactID: idp.ContactID(contacts[i])})
	}
	return r, err
}

// ContactUsed records that the contact was proven to be reachable now.
func (s *Store) ContactUsed(ctx context.Context, tx idp.Tx, id idp.ContactID, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		UPDATE contact
		SET last_used_at = greatest(last_used_at, $2)
		WHERE contact_id = $1`, id, now)
	return db.Error("record use of contact", err)
}
