package db_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"surety/idp/idptest"
	"surety/idp/postgres/db"
	"surety/migrations"

	"github.com/jackc/pgx/v5"
)

func TestMigrate_FromEmptyThenNothingIsLeft(t *testing.T) {
	t.Parallel()
	url := idptest.Blank(t)
	planned, err := db.Migrate(t.Context(), url, true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := db.Migrate(t.Context(), url, true)
	if err != nil || !slices.Equal(again, planned) {
		t.Errorf("a dry run changed something: %v, %v", again, err)
	}
	applied, err := db.Migrate(t.Context(), url, false)
	if err != nil {
		t.Fatal(err)
	}
	latest, err := migrations.Latest()
	if err != nil || !slices.Equal(applied, planned) || applied[len(applied)-1].Version != latest {
		t.Errorf("applied %v, planned %v, latest %d, %v", applied, planned, latest, err)
	}
	if left, err := db.Migrate(t.Context(), url, false); err != nil || len(left) != 0 {
		t.Errorf("the second time: %v, %v", left, err)
	}
}

// Two releases start at once, and so do two databases of one cluster, which
// share the role.
func TestMigrate_ManyAtOnce(t *testing.T) {
	t.Parallel()
	one, two := idptest.Blank(t), idptest.Blank(t)
	urls := []string{one, one, two, two}
	done := make(chan error, len(urls))
	for _, url := range urls {
		go func() {
			_, err := db.Migrate(t.Context(), url, false)
			done <- err
		}()
	}
	for range urls {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, url := range []string{one, two} {
		d, err := db.Open(t.Context(), db.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
	}
}

func TestMigrations_AreNamedInOrderAndOnlyGoForward(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrations.Files, "*")
	if err != nil {
		t.Fatal(err)
	}
	shape := regexp.MustCompile(`^\d{4}_[a-z][a-z0-9_]*\.sql$`)
	for i, name := range names {
		if !shape.MatchString(name) || i > 0 && name[:4] == names[i-1][:4] {
			t.Errorf("%s: not NNNN_topic.sql with a number of its own", name)
		}
		content, err := migrations.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		switch {
		case !strings.HasPrefix(text, "-- +goose Up\n-- "):
			t.Errorf("%s: does not begin with its reason", name)
		case strings.Contains(text, "+goose Down"), strings.Contains(text, "NO TRANSACTION"):
			t.Errorf("%s: goes backwards or without a transaction", name)
		}
	}
}

// appendOnly are the tables in which our role may only insert, and readOnly
// those which belong to the migrations; on all others it may at least insert.
var (
	appendOnly = []string{"audit_event", "audit_seal"}
	readOnly   = []string{"goose_db_version", "river_migration"}
)

func TestSchema_GrantsWhatServeAndWorkNeedAndNoMore(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	rows, err := d.Query(t.Context(), `
		SELECT c.relname, has_table_privilege(c.oid, 'SELECT'), has_any_column_privilege(c.oid, 'INSERT'),
			has_table_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE'),
			has_table_privilege(c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`)
	if err != nil {
		t.Fatal(err)
	}
	var table string
	var may [5]bool
	_, err = pgx.ForEachRow(rows, []any{&table, &may[0], &may[1], &may[2], &may[3], &may[4]}, func() error {
		want := [5]bool{true, true, may[2], may[3], false}
		switch {
		case slices.Contains(appendOnly, table):
			want = [5]bool{true, true, false, false, false}
		case slices.Contains(readOnly, table):
			want = [5]bool{true, false, false, false, false}
		}
		if may != want {
			t.Errorf("%s: select, insert, update, delete, more: have %v, want %v", table, may, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var ddl bool
	err = d.QueryRow(t.Context(), `
		SELECT has_schema_privilege('public', 'CREATE') OR has_database_privilege(current_database(), 'CREATE')`).Scan(&ddl)
	if err != nil || ddl {
		t.Errorf("our role may make tables: %t, %v", ddl, err)
	}
}

// Names are read: by errors, by people, and by those who come after us.
func TestSchema_IsNamedByTheRules(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	rows, err := d.Query(t.Context(), `
		SELECT 'the name of ' || c.relname || ' is not singular_snake_case'
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND c.relname !~ '^[a-z][a-z0-9_]*$'
		UNION ALL
		SELECT 'a moment without _at: ' || c.relname || '.' || a.attname
		FROM pg_attribute a
		JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
			AND c.relname !~ '^(goose|river)' AND a.attnum > 0 AND NOT a.attisdropped
			AND a.atttypid = 'timestamptz'::regtype AND a.attname !~ '(_at|_until|_from)$'
			AND a.attname NOT IN ('at', 'auth_time', 'not_before') -- words of the specifications, and the one time of an event
		UNION ALL
		SELECT 'a time without a zone: ' || c.relname || '.' || a.attname
		FROM pg_attribute a
		JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
			AND c.relname !~ '^goose' AND a.attnum > 0 AND a.atttypid = 'timestamp'::regtype
		UNION ALL
		SELECT 'a constraint that PostgreSQL named: ' || conrelid::regclass || ' ' || conname
		FROM pg_constraint
		WHERE connamespace = 'public'::regnamespace AND contype = 'c'
			AND conrelid::regclass::text !~ '^(goose|river)' AND conname ~ '_check\d+$'
		UNION ALL
		SELECT 'a table without a primary key: ' || c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
			AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p')`)
	if err != nil {
		t.Fatal(err)
	}
	faults, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}
