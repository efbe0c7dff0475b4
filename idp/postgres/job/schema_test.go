package job

import (
	"slices"
	"strings"
	"testing"

	"surety/idp/idptest"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// What River's own migrator makes and what our migrations make is the same:
// after an upgrade of River this test says what to add.
func TestSchema_IsWhatRiverWouldMake(t *testing.T) {
	t.Parallel()
	blank, err := db.Open(t.Context(), db.Config{URL: idptest.Blank(t), AsOwner: true, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer blank.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(blank.Pool), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	want, have := describe(t, blank), describe(t, idptest.Database(t).Owner(t))
	for _, line := range want {
		if !slices.Contains(have, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range have {
		if !slices.Contains(want, line) {
			t.Errorf("too much: %s", line)
		}
	}
	if len(want) < 50 {
		t.Errorf("only %d lines were compared", len(want))
	}
}

func TestSchema_RiverFindsNothingMissing(t *testing.T) {
	t.Parallel()
	migrator, err := rivermigrate.New(riverpgxv5.New(idptest.Database(t).Pool), nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := migrator.Validate(t.Context(), nil)
	if err != nil || !result.OK {
		t.Errorf("%v, %+v", err, result)
	}
}

// describe lists columns, constraints, indexes, enum labels and functions of
// River's tables. The order of columns does not matter to River.
func describe(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.Query(t.Context(), `
		SELECT concat_ws(' ', 'column', c.relname, c.relpersistence, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
			pg_get_expr(e.adbin, e.adrelid))
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum
		WHERE c.relname LIKE 'river%' AND c.relkind = 'r'
		UNION ALL
		SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
		FROM pg_constraint
		WHERE conrelid::regclass::text LIKE 'river%'
		UNION ALL
		SELECT concat_ws(' ', 'index', indexdef)
		FROM pg_indexes
		WHERE tablename LIKE 'river%'
		UNION ALL
		SELECT concat_ws(' ', 'label', enumlabel)
		FROM pg_enum
		WHERE enumtypid = 'river_job_state'::regtype
		UNION ALL
		SELECT concat_ws(' ', 'function', oid::regprocedure, provolatile)
		FROM pg_proc
		WHERE proname LIKE 'river%'
		UNION ALL
		SELECT concat_ws(' ', 'migration', line, version)
		FROM river_migration`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return lines
}
