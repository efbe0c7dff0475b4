package idp

import "context"

// Tx is an open unit of work. Rules and use cases only pass it on; the
// packages below idp/postgres know what is inside.
type Tx interface {
	// UnitOfWork marks the type. It does nothing.
	UnitOfWork()
}

// InTx runs f in one transaction: everything f wrote is kept if it returns
// nil and dropped otherwise. The error of f is returned unchanged.
type InTx func(ctx context.Context, f func(ctx context.Context, tx Tx) error) error
