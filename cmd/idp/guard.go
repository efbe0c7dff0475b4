package main

import (
	"errors"
	"fmt"
	"io"

	"surety/cmd/idp/gate"
)

type guardCommand struct {
	rehearsal
	gate.Command
}

// Run serves until the context ends, or checks what would be served.
func (g *guardCommand) Run(c *call) error {
	if !g.DryRun {
		return asUsage(g.Serve(c.ctx, c.errOut))
	}
	found, err := g.Check()
	if err != nil {
		return asUsage(err)
	}
	return c.answer(found, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, found)
		return err
	})
}

// asUsage lets flags that do not go together end as any other wrong command line.
func asUsage(err error) error {
	if wrong := (gate.Misuse{}); errors.As(err, &wrong) {
		return usageError{err}
	}
	return err
}
