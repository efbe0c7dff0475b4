package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"surety/cmd/sandbox/outbox"
	"surety/idp/postgres/cluster"

	"github.com/alecthomas/kong"
)

// options are what a person chooses.
type options struct {
	Port    int    `default:"8080" help:"Surety's port; the agency has +10, the outbox +20."`
	Data    string `help:"Folder for everything that is kept: var, or var-PROFILE for another profile than demo." placeholder:"DIR"`
	TLS     bool   `name:"tls" help:"Serve https with an authority of the sandbox's own."`
	Profile string `default:"demo" help:"What differs between countries: demo, by, ru or ua."`
	// LoadAccounts is lowered by tests, which are in a hurry.
	LoadAccounts int    `default:"100" hidden:"" help:"Accounts for the load test."`
	Bin          string `help:"Folder with the programs; the sandbox's own by default." hidden:""`
}

// line is the command line.
type line struct {
	Run    options       `cmd:"" default:"withargs" help:"Run the whole world until Ctrl-C."`
	Clean  cleanOptions  `cmd:"" help:"Forget the data of a sandbox that does not run."`
	Outbox outboxOptions `cmd:"" hidden:"" help:"The outbox, started by the sandbox."`
}

type cleanOptions struct {
	Data string `default:"var" help:"Folder to forget."`
}

type outboxOptions struct {
	SMSKeyFile string `name:"sms-key-file" required:"" help:"File with the gateway's key."`
	Listeners  int    `required:"" help:"How many open ports were handed over."`
}

func main() {
	var l line
	parsed := kong.Parse(&l, kong.Name("sandbox"), kong.Description("Surety and everything around it on one machine."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	var err error
	switch parsed.Command() {
	case "clean":
		err = clean(l.Clean.Data)
	case "outbox":
		err = serveOutbox(ctx, l.Outbox)
	default:
		err = run(ctx, l.Run, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// clean removes a data folder, but nothing that is not a sandbox's.
func clean(data string) error {
	p, err := newPlan(options{Port: 8080, Data: data})
	if err != nil {
		return err
	}
	if _, err := os.Stat(p.Data); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(p.file("sandbox.lock")); err != nil {
		return fmt.Errorf("%s is not the data of a sandbox", p.Data)
	}
	lock, err := lockData(p)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := cluster.Remove(p.file("postgres")); err != nil {
		return fmt.Errorf("forget the database: %w", err)
	}
	entries, err := os.ReadDir(p.Data)
	if err != nil {
		return fmt.Errorf("forget data: %w", err)
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(p.Data, e.Name())))
	}
	// The folder itself may be somebody's mount or working directory.
	_ = os.Remove(p.Data)
	return errors.Join(errs...)
}

func serveOutbox(ctx context.Context, o outboxOptions) error {
	key, err := os.ReadFile(o.SMSKeyFile)
	if err != nil {
		return fmt.Errorf("read key of the gateway: %w", err)
	}
	var listeners []net.Listener
	for n := range o.Listeners {
		l, err := inherited(n)
		if err != nil {
			return fmt.Errorf("take over port: %w", err)
		}
		listeners = append(listeners, l)
	}
	if len(listeners) < 2 {
		return errors.New("take over ports: there must be one for e-mail and one for the web")
	}
	out := outbox.New(outbox.Config{SMSKey: strings.TrimSpace(string(key)), Now: time.Now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	return out.Serve(ctx, listeners[0], listeners[1:]...)
}
