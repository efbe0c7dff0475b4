package db

import (
	"context"
	"database/sql"
	"fmt"

	"surety/migrations"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migration is one numbered file.
type Migration struct {
	Version int64
	File    string
}

// Migrate brings the schema up to date, as the owner of the database, and
// returns the migrations that it applied, or with dryRun would apply. Each is
// one transaction; several at once wait for each other.
func Migrate(ctx context.Context, url string, dryRun bool) ([]Migration, error) {
	conf, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	conf.RuntimeParams["application_name"] = "idp migrate"
	pool := stdlib.OpenDB(*conf)
	defer pool.Close()
	provider, err := newProvider(pool)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	if dryRun {
		return pending(ctx, provider)
	}
	conn, err := pgx.ConnectConfig(ctx, conf)
	if err != nil {
		return nil, Error("connect to migrate", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := ensureRole(ctx, conn); err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, Error("migrate", err)
	}
	applied := make([]Migration, 0, len(results))
	for _, r := range results {
		applied = append(applied, Migration{Version: r.Source.Version, File: r.Source.Path})
	}
	return applied, nil
}

func newProvider(pool *sql.DB) (*goose.Provider, error) {
	// Waits for another migration for up to five minutes, looking every second.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, pool, migrations.Files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

func pending(ctx context.Context, provider *goose.Provider) ([]Migration, error) {
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, Error("read schema version", err)
	}
	var left []Migration
	for _, s := range states {
		if s.State == goose.StatePending {
			left = append(left, Migration{Version: s.Source.Version, File: s.Source.Path})
		}
	}
	return left, nil
}
