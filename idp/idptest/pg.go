package idptest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp/postgres/cluster"
	"surety/idp/postgres/db"
	"surety/migrations"
)

// DB is a migrated, empty database that belongs to one test.
type DB struct {
	*db.DB            // in the role surety_app, as serve and work are
	URL        string // for further connections, other processes, or the owner's role
	admin, own string // for Lost
}

// Database returns a fresh database for the test, dropped when the test ends.
// Tests that use it may run in parallel.
func Database(t testing.TB) *DB {
	t.Helper()
	d := Unopened(t)
	opened, err := db.Open(t.Context(), db.Config{URL: d.URL, MaxConns: 8, Name: "test"})
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(opened.Close)
	d.DB = opened
	return d
}

// Unopened returns a fresh database that nobody is connected to yet: for tests
// of programs that open it themselves. Its embedded pool is nil.
func Unopened(t testing.TB) *DB {
	t.Helper()
	server, err := theServer()
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	name := "surety_test_" + strconv.FormatInt(time.Now().Unix(), 10) + "_" + strings.ToLower(rand.Text()[:10])
	if err := server.clone(t.Context(), name, server.template); err != nil {
		t.Fatalf("make test database: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is over by now.
		if err := server.exec(context.Background(), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return &DB{URL: withDatabase(server.url, name), admin: server.url, own: name}
}

// Blank returns the address of a fresh database without any schema: for tests
// of the migrations themselves.
func Blank(t testing.TB) string {
	t.Helper()
	server, err := theServer()
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	name := "surety_test_" + strconv.FormatInt(time.Now().Unix(), 10) + "_" + strings.ToLower(rand.Text()[:10])
	if err := server.clone(t.Context(), name, "template0"); err != nil {
		t.Fatalf("make test database: %v", err)
	}
	t.Cleanup(func() {
		if err := server.exec(context.Background(), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return withDatabase(server.url, name)
}

// Owner returns a pool in the role of the database's owner, who may do what an
// intruder with all rights may.
func (d *DB) Owner(t testing.TB) *db.DB {
	t.Helper()
	owner, err := db.Open(t.Context(), db.Config{URL: d.URL, AsOwner: true, MaxConns: 2, Name: "test owner"})
	if err != nil {
		t.Fatalf("open test database as owner: %v", err)
	}
	t.Cleanup(owner.Close)
	return owner
}

// Lose makes the database go away: connections break and none can be made,
// until the function it returns is called.
func (d *DB) Lose(t testing.TB) (back func()) {
	t.Helper()
	server := &pgServer{url: d.admin}
	allow := func(yes bool) {
		if err := server.exec(context.Background(), fmt.Sprintf(`ALTER DATABASE %s ALLOW_CONNECTIONS %t`, d.own, yes)); err != nil {
			t.Fatalf("lose test database: %v", err)
		}
	}
	allow(false)
	err := server.exec(context.Background(), `
		SELECT pg_terminate_backend(pid, 5000)
		FROM pg_stat_activity
		WHERE datname = '`+d.own+`'`)
	if err != nil {
		t.Fatalf("lose test database: %v", err)
	}
	return func() { allow(true) }
}

// pgServer is a server that may make databases.
type pgServer struct {
	url      string // of its database for administration
	template string // name of the migrated database to clone
}

// theServer finds or starts the server and migrates the template, once a process.
var theServer = sync.OnceValues(func() (*pgServer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	address := os.Getenv("SURETY_TEST_DATABASE_URL")
	if address == "" {
		var err error
		address, err = cluster.Shared(ctx, cluster.SharedDir(), cluster.Config{Settings: map[string]string{
			"max_connections": "300", "shared_buffers": "128MB", "autovacuum": "off", "max_wal_size": "4GB",
			"checkpoint_timeout": "30min", "log_min_messages": "fatal", "log_min_error_statement": "panic",
		}})
		if err != nil {
			return nil, err
		}
	}
	server := &pgServer{url: address}
	server.prune(ctx)
	return server, server.prepare(ctx)
})

// prepare makes the template for the migrations as they are compiled into this
// test: its name is their hash, so a changed file means a new template.
func (s *pgServer) prepare(ctx context.Context) error {
	hash := sha256.New()
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		content, err := migrations.Files.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
	}
	s.template = "surety_template_" + hex.EncodeToString(hash.Sum(nil)[:8])
	admin, err := db.Open(ctx, db.Config{URL: s.url, AsOwner: true, MaxConns: 1, StatementTimeout: time.Minute})
	if err != nil {
		return err
	}
	defer admin.Close()
	// Several test processes start at once; the first makes the template. The
	// lock is the session's, and goes with it should this process die.
	if _, err := admin.Exec(ctx, `SELECT pg_advisory_lock(7310214)`); err != nil {
		return err
	}
	var ready bool
	err = admin.QueryRow(ctx, `
		SELECT coalesce((SELECT datistemplate FROM pg_database WHERE datname = $1), false)`, s.template).Scan(&ready)
	if err != nil || ready {
		return err
	}
	for _, statement := range []string{`DROP DATABASE IF EXISTS ` + s.template, `CREATE DATABASE ` + s.template + ` TEMPLATE template0`} {
		if _, err := admin.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if _, err := db.Migrate(ctx, withDatabase(s.url, s.template), false); err != nil {
		return err
	}
	_, err = admin.Exec(ctx, `ALTER DATABASE `+s.template+` WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`)
	return err
}

func (s *pgServer) clone(ctx context.Context, name, template string) error {
	return s.exec(ctx, `CREATE DATABASE `+name+` TEMPLATE `+template)
}

// prune drops databases of tests that were killed more than an hour ago. What
// it cannot drop another run will.
func (s *pgServer) prune(ctx context.Context) {
	admin, err := db.Open(ctx, db.Config{URL: s.url, AsOwner: true, MaxConns: 1})
	if err != nil {
		return
	}
	defer admin.Close()
	var old []string
	err = admin.QueryRow(ctx, `
		SELECT coalesce(array_agg(datname::text), '{}')
		FROM pg_database
		WHERE datname ~ '^surety_test_\d+_'
			AND split_part(datname, '_', 3)::bigint < extract(epoch FROM now()) - 3600`).Scan(&old)
	if err != nil {
		return
	}
	for _, name := range old {
		_, _ = admin.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
	}
}

// exec runs one statement on a connection of its own.
func (s *pgServer) exec(ctx context.Context, statement string) error {
	admin, err := db.Open(ctx, db.Config{URL: s.url, AsOwner: true, MaxConns: 1, StatementTimeout: time.Minute})
	if err != nil {
		return err
	}
	defer admin.Close()
	_, err = admin.Exec(ctx, statement)
	return err
}

// withDatabase returns the address with another database name.
func withDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Path = "/" + name
	return u.String()
}
