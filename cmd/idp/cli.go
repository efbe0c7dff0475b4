package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"

	"surety/idp/flow/operator"

	"github.com/alecthomas/kong"
)

// cli is the whole command line.
type cli struct {
	JSON bool `name:"json" help:"Answer in JSON, errors too."`

	Serve     serveCommand      `cmd:"" help:"Answer people and agencies."`
	Work      workCommand       `cmd:"" help:"Send messages, seal the audit, rotate keys, tidy up."`
	Migrate   migrateCommand    `cmd:"" help:"Bring the database up to date. Runs as its owner."`
	KeysFile  keysFileCommand   `cmd:"" help:"Make the master keys of a new installation."`
	Client    clientCommands    `cmd:"" help:"Relying parties: the agencies' software."`
	Key       keyCommands       `cmd:"" help:"Keys that sign tokens."`
	Policy    policyCommands    `cmd:"" help:"Levels: what each asks for, and which policy is in force."`
	Procedure procedureCommands `cmd:"" help:"Public services: what agencies offer, and what each asks of a person."`
	Operator  operatorCommand   `cmd:"" help:"People who run Surety."`
	Audit     auditCommands     `cmd:"" help:"The record of what happened."`
	Guard     guardCommand      `cmd:"" help:"Guard an API of an agency: as a reverse proxy, or for one."`
	Settings  settingsCommand   `cmd:"" help:"List what can be set in the environment."`

	SandboxAccounts sandboxAccounts `cmd:"" hidden:"" help:"Make sample accounts out of a JSON file."`
}

const about = `Surety tells agencies how sure they may be of a person. This is its server and its operator's tool.

Settings come from the environment: SURETY_DATABASE_URL, SURETY_KEYS_FILE, SURETY_ISSUER and so on; idp settings lists them. ` +
	`Changes can be rehearsed with -dry-run. Exit status: 0 done, 1 something is down, 2 wrong command line, 3 refused, 4 a check found something.`

// The exit codes.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3
	exitFaults  = 4
)

// rehearsal is the flag of every command that changes something.
type rehearsal struct {
	DryRun bool `name:"dry-run" help:"Check everything, change nothing."`
}

// call is one run of the program.
type call struct {
	ctx    context.Context
	house  house
	in     io.Reader
	out    io.Writer
	errOut io.Writer
	json   bool
}

// operator opens the use cases for the time of f.
func (c *call) operator(f func(s *operator.Service) error) error {
	cfg, err := c.house.config()
	if err != nil {
		return err
	}
	s, closing, err := c.house.operator(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer closing()
	return f(s)
}

// exit is thrown by kong's exit function, which must not return: help has been
// shown and nothing more is to be done.
type exit int

// run is the program, without the process around it.
func run(ctx context.Context, args []string, h house, in io.Reader, out, errOut io.Writer) (code int) {
	defer func() {
		if e, ok := recover().(exit); ok {
			code = int(e)
		}
	}()
	var line cli
	parser, err := kong.New(&line, kong.Name("idp"), kong.Description(about), kong.Writers(out, errOut),
		kong.Exit(func(code int) { panic(exit(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		panic(err) // the struct above is wrong
	}
	c := &call{ctx: ctx, house: h, in: in, out: out, errOut: errOut}
	parsed, err := parser.Parse(twoHyphens(args))
	c.json = line.JSON
	if err != nil {
		return c.fail(usageError{err})
	}
	if err := parsed.Run(c); err != nil {
		return c.fail(err)
	}
	return 0
}

// oneHyphen is a long flag as Go's own tools write it.
var oneHyphen = regexp.MustCompile(`^-[a-z][a-z-]+(=|$)`)

// twoHyphens lets long flags have one hyphen. There are no short flags but -h,
// so nothing is taken for what it is not.
func twoHyphens(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "--" {
			copy(out[i:], args[i:])
			break
		}
		if oneHyphen.MatchString(a) {
			a = "-" + a
		}
		out[i] = a
	}
	return out
}

// usageError is a command line that is wrong.
type usageError struct{ error }

// Unwrap returns what is wrong.
func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errFaults is a command that did its work and found what nobody wants.
var errFaults = errors.New("faults were found")
