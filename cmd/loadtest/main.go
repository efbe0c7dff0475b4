package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := dispatch(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
	}
	os.Exit(code)
}

// dispatch runs one scenario, or the table. The exit code is 1 if answers
// were wrong and 2 if nothing could be measured.
func dispatch(ctx context.Context, args []string, out io.Writer) (int, error) {
	if len(args) > 0 && args[0] == "table" {
		return tableCommand(ctx, args[1:], out)
	}
	c, err := parseFlags(args)
	if err != nil {
		return 2, err
	}
	res, err := run(ctx, c)
	if err != nil {
		return 2, err
	}
	if err := json.NewEncoder(out).Encode(res); err != nil {
		return 2, err
	}
	if res.Ops == 0 || res.Errors > 0 {
		return 1, nil
	}
	return 0, nil
}
