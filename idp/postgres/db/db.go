package db

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says which database to use and how hard.
type Config struct {
	URL              string        // postgres:// address; the login may be any member of surety_app
	MaxConns         int           // 0 means 14: more do not help two cores
	StatementTimeout time.Duration // 0 means 10 s
	ConnectTimeout   time.Duration // 0 means 3 s
	Name             string        // shown in pg_stat_activity; "" means "idp"
	AsOwner          bool          // stay in the login's own role: migrations and tests only
	Log              *slog.Logger  // for what happens between requests; nil means slog.Default()
}

// Querier is what a store needs for a statement: the pool or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

// DB is a pool of connections in the role surety_app. It may be used by many
// goroutines. After the database was away it works again by itself.
type DB struct {
	*pgxpool.Pool
	tracer *tracer
	log    *slog.Logger
}

// Open connects and checks that the schema is there, is new enough, and that
// our role cannot rewrite the audit. It returns code unavailable when the
// database cannot be reached.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	conf, err := poolConfig(cfg)
	if err != nil {
		return nil, err
	}
	trace := &tracer{}
	conf.ConnConfig.Tracer = trace
	pool, err := pgxpool.NewWithConfig(ctx, conf)
	if err != nil {
		return nil, Error("open database", err)
	}
	d := &DB{Pool: pool, tracer: trace, log: orElse(cfg.Log, slog.Default())}
	if err := d.check(ctx, cfg.AsOwner); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

func poolConfig(cfg Config) (*pgxpool.Config, error) {
	conf, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		// The parser's message leaves the password out.
		return nil, fmt.Errorf("read database address: %w", err)
	}
	conf.MaxConns = int32(orElse(cfg.MaxConns, 14))
	conf.MaxConnIdleTime = 10 * time.Minute
	conf.MaxConnLifetime = time.Hour
	conf.MaxConnLifetimeJitter = 10 * time.Minute
	conf.HealthCheckPeriod = 15 * time.Second
	conf.PingTimeout = 2 * time.Second
	conn := conf.ConnConfig
	conn.ConnectTimeout = orElse(cfg.ConnectTimeout, 3*time.Second)
	conn.StatementCacheCapacity = 512
	// A peer that vanished without a word is noticed within about 20 seconds.
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 3 * time.Second, Count: 3,
	}}
	conn.DialFunc = dialer.DialContext
	statement := orElse(cfg.StatementTimeout, 10*time.Second)
	params := conn.RuntimeParams
	params["application_name"] = orElse(cfg.Name, "idp")
	params["timezone"] = "UTC"
	params["statement_timeout"] = milliseconds(statement)
	params["lock_timeout"] = milliseconds(statement / 2)
	params["idle_in_transaction_session_timeout"] = milliseconds(2 * statement)
	if !cfg.AsOwner {
		params["role"] = Role
	}
	return conf, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Ping reports whether the database answers; it returns code unavailable otherwise.
func (d *DB) Ping(ctx context.Context) error {
	return Error("ping database", d.Pool.Ping(ctx))
}

// Trips returns the round trips made since Open, over all contexts.
func (d *DB) Trips() int64 { return d.tracer.total.Load() }
