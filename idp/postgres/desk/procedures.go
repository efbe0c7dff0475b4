package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"
	"surety/idp/procedure"

	"github.com/jackc/pgx/v5"
)

// ProcedureChanged is the channel on which changes of procedures are told. The
// payload is the agency.
const ProcedureChanged = "procedure_changed"

// procedureLock keeps two operators from publishing at once, so that what a
// rehearsal compared with is what is changed.
const procedureLock = 7310313

// Procedures stores published procedures (operator.Procedures, procedures.Published).
type Procedures struct{ db *db.DB }

// NewProcedures returns the store.
func NewProcedures(d *db.DB) *Procedures { return &Procedures{db: d} }

var procedureErrors = db.Known{
	"procedure_pkey": idp.E(idp.CodeConflict, "error.conflict"),
	db.NoRows:        errNoProcedure,
}

var errNoProcedure = idp.E(idp.CodeNotFound, "error.procedure.unknown")

// Lock keeps others from publishing until the transaction ends.
func (s *Procedures) Lock(ctx context.Context, tx idp.Tx) error {
	_, err := db.From(tx).Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, procedureLock)
	return db.Error("lock procedures", err)
}

// Insert adds a version.
func (s *Procedures) Insert(ctx context.Context, tx idp.Tx, p procedure.Procedure, now time.Time) error {
	definition, err := encodeProcedure(p)
	if err != nil {
		return err
	}
	_, err = db.From(tx).Exec(ctx, `
		INSERT INTO procedure (agency, code, valid_from, valid_until, definition, search, disabled_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN $8::timestamptz END, $8, $8)`,
		p.Agency, p.Code, p.ValidFrom, at(p.ValidUntil), definition, p.SearchText(), p.Disabled, now)
	return db.Error("insert procedure", err, procedureErrors)
}

// Update writes what a version says and until when it holds.
func (s *Procedures) Update(ctx context.Context, tx idp.Tx, p procedure.Procedure, now time.Time) error {
	definition, err := encodeProcedure(p)
	if err != nil {
		return err
	}
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE procedure
		SET definition = $4, valid_until = $5, search = $6, updated_at = $7
		WHERE agency = $1
			AND code = $2
			AND valid_from = $3`,
		p.Agency, p.Code, p.ValidFrom, definition, at(p.ValidUntil), p.SearchText(), now)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	return db.Error("update procedure", err, procedureErrors)
}

// SetDisabled switches all versions of a procedure off or on: were it one of
// them, another would come out from under it.
func (s *Procedures) SetDisabled(ctx context.Context, tx idp.Tx, k procedure.Key, disabled bool, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		UPDATE procedure
		SET disabled_at = CASE WHEN $3 THEN $4::timestamptz END, updated_at = $4
		WHERE agency = $1
			AND code = $2`, k.Agency, k.Code, disabled, now)
	return db.Error("switch procedure", err)
}

// Tell tells all processes, when the transaction commits, that they must read
// the agency's procedures anew.
func (s *Procedures) Tell(ctx context.Context, tx idp.Tx, agency string) error {
	_, err := db.From(tx).Exec(ctx, `SELECT pg_notify('`+ProcedureChanged+`', $1)`, agency)
	return db.Error("tell of procedures", err)
}

const selectProcedure = `
	SELECT agency, code, valid_from, valid_until, disabled_at, definition
	FROM procedure`

// maxVersions bounds the history of a procedure that one reading returns.
const maxVersions = 1000

// Versions reads the versions of a procedure, newest first. tx may be nil.
func (s *Procedures) Versions(ctx context.Context, tx idp.Tx, k procedure.Key) ([]procedure.Procedure, error) {
	return readProcedures(ctx, s.db.On(tx), selectProcedure+`
		WHERE agency = $1
			AND code = $2
		ORDER BY valid_from DESC
		LIMIT $3`, k.Agency, k.Code, maxVersions)
}

// InForce finds the version of each of an agency's procedures that counts at
// this civil time, those that are switched off included, by code. tx may be nil.
func (s *Procedures) InForce(ctx context.Context, tx idp.Tx, agency string, civil time.Time) ([]procedure.Procedure, error) {
	return readProcedures(ctx, s.db.On(tx), selectProcedure+` AS p
		WHERE agency = $1
			AND `+inForce+`
		ORDER BY code`, agency, civil)
}

// inForce is procedure.At as a condition on p, the civil time being $2, save
// that it takes what is switched off as well.
const inForce = `valid_from <= $2
			AND (valid_until IS NULL OR valid_until > $2)
			AND NOT EXISTS (
				SELECT
				FROM procedure newer
				WHERE newer.agency = p.agency
					AND newer.code = p.code
					AND newer.valid_from > p.valid_from
					AND newer.valid_from <= $2)`

// live reads every version that counts at this civil time or may later: of
// each procedure the newest whose time has come, and those to come.
func (s *Procedures) live(ctx context.Context, agency string, civil time.Time) ([]procedure.Procedure, error) {
	return readProcedures(ctx, s.db, selectProcedure+` AS p
		WHERE agency = $1
			AND NOT EXISTS (
				SELECT
				FROM procedure newer
				WHERE newer.agency = p.agency
					AND newer.code = p.code
					AND newer.valid_from > p.valid_from
					AND newer.valid_from <= $2)`, agency, civil)
}

// fingerprint changes whenever a procedure of the agency does. It costs far
// less than reading them all.
func (s *Procedures) fingerprint(ctx context.Context, agency string) (mark string, err error) {
	err = s.db.QueryRow(ctx, `
		SELECT count(*) || '/' || coalesce(sum(extract(epoch FROM updated_at)), 0)
		FROM procedure
		WHERE agency = $1`, agency).Scan(&mark)
	return mark, db.Error("look for changes of procedures", err)
}

// Page lists procedures that count at this civil time, by agency and code.
func (s *Procedures) Page(ctx context.Context, q procedure.Query, civil time.Time) ([]procedure.Procedure, error) {
	off := `
			AND disabled_at IS NULL`
	if q.Disabled {
		off = ""
	}
	return readProcedures(ctx, s.db, selectProcedure+` AS p
		WHERE ($1 = '' OR agency = $1)
			AND (agency, code) > ($3, $4)
			AND strpos(search, $5) > 0
			AND `+inForce+off+`
		ORDER BY agency, code
		LIMIT $6`, q.Agency, civil, q.After.Agency, q.After.Code, q.Text, q.Limit)
}

// Agencies lists agencies that offer something at this civil time, by name.
func (s *Procedures) Agencies(ctx context.Context, after string, limit int, civil time.Time) ([]string, error) {
	rows, err := s.db.Query(ctx, `
		SELECT DISTINCT agency
		FROM procedure AS p
		WHERE agency > $1
			AND `+inForce+`
			AND disabled_at IS NULL
		ORDER BY agency
		LIMIT $3`, after, civil, limit)
	if err != nil {
		return nil, db.Error("list agencies", err)
	}
	page, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return page, db.Error("list agencies", err)
}

func readProcedures(ctx context.Context, q db.Querier, sql string, args ...any) ([]procedure.Procedure, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, db.Error("read procedures", err)
	}
	all, err := pgx.CollectRows(rows, scanProcedure)
	return all, db.Error("read procedures", err)
}

// encodeProcedure gives the definition. What has a column of its own is not
// in it, so that there are never two truths.
func encodeProcedure(p procedure.Procedure) ([]byte, error) {
	p.ValidFrom, p.ValidUntil, p.Disabled = time.Time{}, time.Time{}, false
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write procedure %s of %s: %w", p.Code, p.Agency, err)
	}
	return b, nil
}

func scanProcedure(row pgx.CollectableRow) (procedure.Procedure, error) {
	var (
		k                 procedure.Key
		from              time.Time
		until, disabledAt at
		definition        []byte
		p                 procedure.Procedure
	)
	if err := row.Scan(&k.Agency, &k.Code, &from, &until, &disabledAt, &definition); err != nil {
		return p, err
	}
	if err := json.Unmarshal(definition, &p); err != nil {
		return p, fmt.Errorf("stored procedure %s of %s: %w", k.Code, k.Agency, notTheirs{err})
	}
	p.Agency, p.Code = k.Agency, k.Code
	p.ValidFrom, p.ValidUntil, p.Disabled = from.UTC(), utc(time.Time(until)), !time.Time(disabledAt).IsZero()
	return p, nil
}

// utc leaves the zero time as it is.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
