package server

import (
	"context"
	"time"

	"surety/idp/audit"
	"surety/idp/flow/account"
	"surety/idp/flow/operator"
	"surety/idp/flow/policy"
	auditstore "surety/idp/postgres/audit"
	"surety/idp/postgres/db"
	jobstore "surety/idp/postgres/job"
)

// Migrate brings the schema up to date as the owner of the database, and
// makes the partitions that the first requests need.
func Migrate(ctx context.Context, cfg Config, dryRun bool) ([]db.Migration, error) {
	applied, err := db.Migrate(ctx, cfg.DatabaseURL, dryRun)
	if err != nil || dryRun {
		return applied, err
	}
	d, err := db.Open(ctx, db.Config{URL: cfg.DatabaseURL, Name: "idp migrate"})
	if err != nil {
		return applied, err
	}
	defer d.Close()
	return applied, jobstore.Partitions(ctx, d, time.Now())
}

// OpenOperator opens the operator's use cases. Call close when done.
func OpenOperator(ctx context.Context, cfg Config) (service *operator.Service, close func(), err error) {
	h, err := open(ctx, cfg, "idp command")
	if err != nil {
		return nil, nil, err
	}
	return h.operator(), h.close, nil
}

// OpenPolicies opens the use cases about policies. Call close when done.
func OpenPolicies(ctx context.Context, cfg Config) (service *policy.Service, close func(), err error) {
	h, err := open(ctx, cfg, "idp policy")
	if err != nil {
		return nil, nil, err
	}
	return h.policyCases(), h.close, nil
}

// VerifyAudit looks for events that were changed, removed, inserted or cut off.
func VerifyAudit(ctx context.Context, cfg Config, known audit.Head) (audit.Report, error) {
	h, err := open(ctx, cfg, "idp audit")
	if err != nil {
		return audit.Report{}, err
	}
	defer h.close()
	return auditstore.Verify(ctx, h.db, h.auditMAC, known, time.Now())
}

// Seed makes accounts without mail: for sandboxes, where nobody is real.
func Seed(ctx context.Context, cfg Config, seeds []account.Seed) ([]account.Seeded, error) {
	h, err := open(ctx, cfg, "idp seed")
	if err != nil {
		return nil, err
	}
	defer h.close()
	f, err := h.flows()
	if err != nil {
		return nil, err
	}
	return f.account.SeedAccounts(ctx, seeds)
}
