package db

import (
	"context"
	"errors"
	"fmt"

	"surety/migrations"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Role is what serve and work may do: read and write rows, no more. It cannot
// log in; logins are members of it.
const Role = "surety_app"

// ensureRole makes the role, unless it exists, and lets the current login take
// it. Roles belong to the whole cluster, and no lock does: two migrations of
// different databases may both try, so the loser looks again.
func ensureRole(ctx context.Context, conn *pgx.Conn) error {
	var err error
	for range 20 {
		_, err = conn.Exec(ctx, `
			DO $$
			BEGIN
				IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'surety_app') THEN
					CREATE ROLE surety_app NOLOGIN;
				END IF;
				IF NOT pg_has_role(current_user, 'surety_app', 'MEMBER') THEN
					EXECUTE format('GRANT surety_app TO %I', current_user);
				END IF;
			END
			$$`)
		if !roleRace(err) {
			break
		}
	}
	if err != nil {
		return Error("make role "+Role, err)
	}
	return nil
}

// roleRace tells the three ways in which PostgreSQL says that somebody else
// changed the same role at the same moment ("tuple concurrently updated" has
// no code of its own).
func roleRace(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case duplicateObject, uniqueViolation, internalError:
		return true
	}
	return false
}

// check refuses a database that is not ours to work with.
func (d *DB) check(ctx context.Context, asOwner bool) error {
	err := d.Pool.Ping(ctx)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == invalidParameter || pg.Code == insufficientRight) {
		return fmt.Errorf("the database login cannot take the role %s: run `idp migrate` as the owner first, and grant the role to the login (%w)", Role, err)
	}
	if err != nil {
		return Error("open database", err)
	}
	if asOwner {
		return nil
	}
	if err := d.checkVersion(ctx); err != nil {
		return err
	}
	return d.checkAudit(ctx)
}

func (d *DB) checkVersion(ctx context.Context) error {
	want, err := migrations.Latest()
	if err != nil {
		return err
	}
	var have int64
	err = d.QueryRow(ctx, `
		SELECT coalesce(max(version_id), 0)
		FROM goose_db_version
		WHERE is_applied`).Scan(&have)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == undefinedTable {
		return errors.New("the database is empty: run `idp migrate` first")
	}
	if err != nil {
		return Error("read schema version", err)
	}
	// A newer schema is fine: migrations only expand (DESIGN §10).
	if have < want {
		return fmt.Errorf("the database is at migration %d and this program needs %d: run `idp migrate` first", have, want)
	}
	return nil
}

// checkAudit refuses to start when whoever takes over this process could
// rewrite what it did. Partitions count too: rights on them are their own.
func (d *DB) checkAudit(ctx context.Context) error {
	var table string
	err := d.QueryRow(ctx, `
		SELECT c.oid::regclass::text
		FROM pg_class c
		LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
		WHERE (c.oid IN ('audit_event'::regclass, 'audit_seal'::regclass) OR i.inhparent = 'audit_event'::regclass)
			AND (has_table_privilege(c.oid, 'UPDATE') OR has_any_column_privilege(c.oid, 'UPDATE')
				OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE'))
		LIMIT 1`).Scan(&table)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return Error("check audit privileges", err)
	}
	return fmt.Errorf("refusing to start: role %s may change or delete rows of %s; revoke that, the audit is append-only", Role, table)
}
