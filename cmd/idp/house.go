package main

import (
	"context"
	"time"

	"surety/idp/audit"
	"surety/idp/flow/account"
	"surety/idp/flow/operator"
	"surety/idp/flow/policy"
	"surety/idp/postgres/db"
	"surety/idp/server"
)

// house is what the commands reach of everything else. Tests put their own
// database and clock behind it.
type house struct {
	now     func() time.Time
	config  func() (server.Config, error)
	serve   func(ctx context.Context, c server.Config) error
	work    func(ctx context.Context, c server.Config) error
	migrate func(ctx context.Context, c server.Config, dryRun bool) ([]db.Migration, error)
	verify  func(ctx context.Context, c server.Config, known audit.Head) (audit.Report, error)
	seed    func(ctx context.Context, c server.Config, seeds []account.Seed) ([]account.Seeded, error)
	// operator opens the operator's use cases; closing gives back what they hold.
	operator func(ctx context.Context, c server.Config) (service *operator.Service, closing func(), err error)
	// policies opens the use cases about policies in the same way.
	policies func(ctx context.Context, c server.Config) (service *policy.Service, closing func(), err error)
}
