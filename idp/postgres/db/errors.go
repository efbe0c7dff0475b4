package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"surety/idp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs that we tell apart (PostgreSQL, appendix A).
const (
	uniqueViolation      = "23505"
	checkViolation       = "23514"
	foreignKeyViolation  = "23503"
	exclusionViolation   = "23P01"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	readOnlyTransaction  = "25006" // we talk to a replica: a failover is under way
	lockNotAvailable     = "55P03" // lock_timeout
	queryCanceled        = "57014" // statement_timeout
	invalidParameter     = "22023"
	insufficientRight    = "42501"
	undefinedTable       = "42P01"
	duplicateObject      = "42710"
	internalError        = "XX000"
)

// NoRows stands in Known for "there is no such row".
const NoRows = "no rows"

// Known says what a violated constraint, by name, means to the person; a store
// declares one for its statements.
type Known map[string]*idp.Error

// Text keys for what no store has said more about.
var (
	errNotFound    = idp.E(idp.CodeNotFound, "error.not_found")
	errConflict    = idp.E(idp.CodeConflict, "error.conflict")
	errUnavailable = idp.E(idp.CodeUnavailable, "error.unavailable")
)

// Error turns what pgx returned into an error with a code: no rows, violated
// constraints by name, collisions, and a database that is away (code
// unavailable). doing says what was tried, for the log. It returns nil for
// nil, and leaves errors that have a code, and those of a caller who gave up,
// as they are. What remains has no code: it is a fault of ours.
func Error(doing string, err error, known ...Known) error {
	var coded idp.Coded
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded), errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	}
	if meaning := meaning(err, known); meaning != nil {
		err = meaning.Because(err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func meaning(err error, known []Known) *idp.Error {
	if errors.Is(err, pgx.ErrNoRows) {
		return lookUp(NoRows, known, errNotFound)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case uniqueViolation, foreignKeyViolation, exclusionViolation:
			return lookUp(pg.ConstraintName, known, errConflict)
		case checkViolation:
			// A value that only the database refused slipped past our own rules:
			// unless a store has said what it means, the fault is ours, not the person's.
			return lookUp(pg.ConstraintName, known, nil)
		}
	}
	if Down(err) {
		return errUnavailable
	}
	return nil
}

func lookUp(name string, known []Known, otherwise *idp.Error) *idp.Error {
	for _, table := range known {
		if e, ok := table[name]; ok {
			return e
		}
	}
	return otherwise
}

// Down reports whether err says that the database cannot do this now, and may
// later: away, shutting down, out of something, too slow, or too contended.
func Down(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	// First, because it may hold a server's answer of any class: refused for
	// whatever reason, there is no connection.
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case serializationFailure, deadlockDetected, readOnlyTransaction, lockNotAvailable, queryCanceled:
			return true
		}
		// Classes: connection exception, insufficient resources, operator
		// intervention, system error.
		for _, class := range []string{"08", "53", "57", "58"} {
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
}
