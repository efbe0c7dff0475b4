package account

import (
	"context"
	"errors"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// levelInputs are the columns from which a level is decided, of account a and
// its contacts t (levelContacts), whether somebody is logged in or not. $2 is
// now. All of them are in clear: deciding needs no decryption.
const levelInputs = `coalesce((
				SELECT jsonb_agg(jsonb_build_object('Method', p.method, 'Version', p.method_version, 'Stage', p.stage,
					'At', p.proofed_at, 'ExpiresAt', p.expires_at, 'NotBefore', p.not_before, 'Cap', p.cap,
					'DocumentExpired', p.document_expired, 'DocumentUntil', p.document_until) ORDER BY p.proofed_at)
				FROM proofing p
				WHERE p.account_id = a.account_id AND p.revoked_at IS NULL), '[]'),
			coalesce((
				SELECT jsonb_agg(jsonb_build_object('Method', c.method, 'AMR', c.amr, 'BoundLevel', c.bound_level,
					'DependsOn', CASE WHEN c.depends_until > $2 THEN c.depends_on END) ORDER BY c.created_at)
				FROM credential c
				WHERE c.account_id = a.account_id), '[]') || coalesce(t.phones, '[]'),
			coalesce(t.anchored, false)`

// levelContacts is what contacts add: a code can be sent to a telephone, and
// one that was confirmed with the identity anchors what is added.
const levelContacts = `CROSS JOIN LATERAL (
			SELECT bool_or(c.anchored_at IS NOT NULL) AS anchored,
				jsonb_agg(jsonb_build_object('Method', 'sms', 'BoundLevel', c.bound_level,
					'DependsOn', ARRAY[c.contact_id]) ORDER BY c.created_at) FILTER (WHERE c.kind = 'phone') AS phones
			FROM contact c
			WHERE c.account_id = a.account_id) t`

const selectStanding = `
		SELECT a.account_id, a.state, a.stage, ` + levelInputs + `
		FROM account a
		` + levelContacts

var errNoAccount = idp.E(idp.CodeNotFound, "error.not_found")

// Standing returns what the rules know of an account. Errors: not_found, unavailable.
func (s *Store) Standing(ctx context.Context, account idp.AccountID, now time.Time) (idp.Standing, error) {
	rows, err := s.db.Query(ctx, selectStanding+`
		WHERE a.account_id = $1`, string(account), now)
	if err != nil {
		return idp.Standing{}, db.Error("read standing", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, scanStanding)
	if errors.Is(err, pgx.ErrNoRows) {
		return idp.Standing{}, errNoAccount
	}
	return found, db.Error("read standing", err)
}

// Standings pages over all accounts that may log in, by id, beginning after the
// given one. Errors: unavailable.
func (s *Store) Standings(ctx context.Context, after idp.AccountID, limit int, now time.Time) ([]idp.Standing, error) {
	rows, err := s.db.Query(ctx, selectStanding+`
		WHERE a.state = 'active'
			AND a.account_id > coalesce(nullif($1, ''), '00000000-0000-0000-0000-000000000000')::uuid
		ORDER BY a.account_id
		LIMIT $3`, string(after), now, limit)
	if err != nil {
		return nil, db.Error("list standings", err)
	}
	page, err := pgx.CollectRows(rows, scanStanding)
	return page, db.Error("list standings", err)
}

// LoginOwner returns whose the login name is. Errors: not_found, unavailable.
func (s *Store) LoginOwner(ctx context.Context, key string) (idp.AccountID, error) {
	var id idp.AccountID
	err := s.db.QueryRow(ctx, `
		SELECT account_id
		FROM login_name
		WHERE fingerprint = $1`, s.mark(idp.MarkLoginName, key)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", errNoAccount
	}
	return id, db.Error("find owner of login name", err)
}

func scanStanding(row pgx.CollectableRow) (idp.Standing, error) {
	var st idp.Standing
	var proofings []proofingRow
	err := row.Scan(&st.AccountID, &st.State, &st.Stage, &proofings, &st.Authenticators, &st.Anchored)
	st.Proofings = make([]assurance.Proofing, len(proofings))
	for i, p := range proofings {
		st.Proofings[i] = p.value()
	}
	return st, err
}
