package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"surety/idp/server"
)

func main() {
	// A second signal ends the process the hard way.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], wired(), os.Stdin, os.Stdout, os.Stderr))
}

// wired is the house as it is.
func wired() house {
	return house{
		now:      time.Now,
		config:   server.FromEnvironment,
		serve:    server.Serve,
		work:     server.Work,
		migrate:  server.Migrate,
		verify:   server.VerifyAudit,
		seed:     server.Seed,
		operator: server.OpenOperator,
		policies: server.OpenPolicies,
	}
}
