package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"surety/idp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// unit is the one kind of idp.Tx there is.
type unit struct{ tx pgx.Tx }

func (unit) UnitOfWork() {}

// From returns the transaction inside a unit of work. Only stores call it. It
// panics on a unit that InTx did not make: that is a mistake in the program.
func From(tx idp.Tx) pgx.Tx { return tx.(unit).tx }

// Wrap makes a unit of work of a transaction that something else began, such
// as a job's.
func Wrap(tx pgx.Tx) idp.Tx { return unit{tx: tx} }

// On returns the transaction of tx, or the pool when tx is nil: for stores
// whose single statement may run alone.
func (d *DB) On(tx idp.Tx) Querier {
	if tx == nil {
		return d.Pool
	}
	return From(tx)
}

// InTx runs f in one transaction (READ COMMITTED: stores that read before
// they write lock the row, or write conditionally). It is an idp.InTx. The
// error of f comes back unchanged; code unavailable when the database is away.
func (d *DB) InTx(ctx context.Context, f func(ctx context.Context, tx idp.Tx) error) error {
	tx, err := d.Pool.Begin(ctx)
	if err != nil {
		return Error("begin transaction", err)
	}
	done := false
	defer func() {
		if !done { // f failed or panicked
			rollback(ctx, tx)
		}
	}()
	if err := f(ctx, Wrap(tx)); err != nil {
		return err
	}
	done = true
	if err := tx.Commit(ctx); err != nil {
		return Error("commit transaction", err)
	}
	return nil
}

// rollback works also when the caller's context has ended, so that the
// connection goes back to the pool instead of being thrown away. Its error
// says nothing new: the transaction is void either way.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = tx.Rollback(ctx)
}

// retries is how often a unit of work that collided is run in all.
const retries = 3

// Retrying returns an InTx that runs f again when PostgreSQL ended it because
// of a deadlock or a serialization failure. f must have no effect outside its
// transaction. After three collisions it returns code unavailable.
func Retrying(inTx idp.InTx) idp.InTx {
	return func(ctx context.Context, f func(ctx context.Context, tx idp.Tx) error) error {
		var err error
		for range retries {
			if err = inTx(ctx, f); !collided(err) {
				return err
			}
		}
		return fmt.Errorf("after %d tries: %w", retries, err)
	}
}

func collided(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == serializationFailure || pg.Code == deadlockDetected)
}
