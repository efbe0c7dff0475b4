package server_test

import (
	"testing"

	"surety/idp/idptest"
	"surety/idp/postgres/db"
	"surety/idp/server"
)

// TestMigrateMakesTheFirstPartitions: the first requests on a new system find
// this month's audit and today's replay markers, and no process has to make
// them while people write.
func TestMigrateMakesTheFirstPartitions(t *testing.T) {
	t.Parallel()
	cfg := server.Config{DatabaseURL: idptest.Blank(t)}
	if _, err := server.Migrate(t.Context(), cfg, false); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), db.Config{URL: cfg.DatabaseURL, AsOwner: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	for _, table := range []string{"audit_event", "client_assertion"} {
		var ranges int
		err := d.QueryRow(t.Context(), `
			SELECT count(*)
			FROM pg_inherits i
			JOIN pg_class c ON c.oid = i.inhrelid
			WHERE i.inhparent = $1::text::regclass
				AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'`, table).Scan(&ranges)
		if err != nil {
			t.Fatal(err)
		}
		if ranges == 0 {
			t.Errorf("%s has no partition to write to but the default", table)
		}
	}
}
