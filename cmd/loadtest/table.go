package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one line of the table: a scenario and the rate it should reach.
type row struct {
	Title    string `json:"title"`
	scenario string
	goal     float64 // a second; 0: a share of the Argon2id rate
	maxP99   float64 // milliseconds; 0: no limit
}

// loginShare is how much of the machine's own Argon2id rate logins should reach.
const loginShare = 0.75

var tableRows = []row{
	{"client credentials", "client_credentials", 4000, 80},
	{"code flow, live session", "code-sso", 600, 80},
	{"code flow with a login", "code-fresh", 0, 0},
	{"refresh", "refresh", 900, 80},
	{"userinfo", "userinfo", 4000, 80},
	{"introspection", "introspect", 4000, 80},
	{"discovery", "discovery", 15000, 80},
}

// maxResidentMB is what the server may hold in memory under this load.
const maxResidentMB = 120

// quietShare is how much of all cores others may use before the table says so:
// about what the kernel takes for the network alone.
const quietShare = 0.15

// tableRow is a measured row.
type tableRow struct {
	row
	result
	Goal float64 `json:"goal_rps"`
	Met  bool    `json:"goal_met"`
}

// table is everything that is printed.
type table struct {
	Workers    int          `json:"workers"`
	CPUs       int          `json:"cpus"`
	Rows       []tableRow   `json:"rows"`
	ResidentMB float64      `json:"serve_resident_mb"`
	PeakMB     float64      `json:"serve_peak_mb"`
	Machine    machineRates `json:"machine"`
	Notes      []string     `json:"notes,omitempty"`
}

// tableConfig are the flags of the table.
type tableConfig struct {
	config
	sandbox string
	json    bool
	limit   time.Duration
}

func parseTableFlags(args []string) (tableConfig, error) {
	c := tableConfig{config: defaults()}
	c.recipe, c.scope, c.duration = "surety", "openid", 8*time.Second
	fs := flag.NewFlagSet("loadtest table", flag.ContinueOnError)
	fs.StringVar(&c.sandbox, "sandbox", "var/sandbox.json", "what a running sandbox wrote down")
	fs.IntVar(&c.workers, "c", c.workers, "concurrent workers")
	fs.DurationVar(&c.duration, "d", c.duration, "duration of one run")
	fs.DurationVar(&c.warmup, "warmup", c.warmup, "unrecorded run before each scenario")
	fs.DurationVar(&c.pause, "pause", c.pause, "pause after each run")
	fs.IntVar(&c.repeat, "repeat", c.repeat, "runs of each scenario; the table holds their medians")
	fs.StringVar(&c.recipe, "recipe", c.recipe, "how to drive the pages")
	fs.BoolVar(&c.json, "json", false, "print JSON")
	fs.DurationVar(&c.limit, "limit", 10*time.Minute, "limit for everything together")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return c, nil
}

// tableCommand runs all scenarios one after the other and prints the table.
func tableCommand(ctx context.Context, args []string, out io.Writer) (int, error) {
	c, err := parseTableFlags(args)
	if err != nil {
		return 2, err
	}
	s, err := readSandbox(c.sandbox)
	if err != nil {
		return 2, err
	}
	if c.config, err = s.config(c.config); err != nil {
		return 2, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	t, err := measure(ctx, c.config, s, tableRows)
	if err != nil {
		return 2, err
	}
	if c.json {
		err = json.NewEncoder(out).Encode(t)
	} else {
		err = t.print(out)
	}
	if err != nil {
		return 2, err
	}
	for _, r := range t.Rows {
		if r.Ops == 0 || r.Errors > 0 {
			return 1, nil
		}
	}
	return 0, nil
}

// measure fills the table. The machine comes last, when the server is idle,
// and so does the judgement: a login's goal depends on the machine.
func measure(ctx context.Context, c config, s sandbox, rows []row) (*table, error) {
	t, disturbed := &table{Workers: c.workers, CPUs: runtime.NumCPU()}, false
	if c.metrics == "" {
		t.Notes = append(t.Notes, "the sandbox names no metrics address: round trips were not counted")
	}
	for _, r := range rows {
		c.scenario = r.scenario
		res, err := run(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.scenario, err)
		}
		t.Rows = append(t.Rows, tableRow{row: r, result: *res})
		for kind, n := range res.ErrorKinds {
			t.Notes = append(t.Notes, fmt.Sprintf("%s: %d times %s", r.scenario, n, kind))
		}
	}
	if pid := s.PIDs["serve"]; pid > 0 {
		var err error
		if t.ResidentMB, t.PeakMB, err = residentMB(pid); err != nil {
			t.Notes = append(t.Notes, "memory of serve: "+err.Error())
		}
	}
	var err error
	if t.Machine, err = measureMachine(ctx, s.DatabaseURL, c.workers, min(c.duration, 3*time.Second)); err != nil {
		t.Notes = append(t.Notes, err.Error())
	}
	for i := range t.Rows {
		t.Rows[i].judge(t.Machine)
		if t.Rows[i].CPUShare["other"] > quietShare {
			disturbed = true
		}
	}
	if disturbed {
		t.Notes = append(t.Notes, "other programs used the machine meanwhile: the figures are too low")
	}
	if t.PeakMB > maxResidentMB {
		t.Notes = append(t.Notes, fmt.Sprintf("serve held %.0f MB at its highest, %d are allowed", t.PeakMB, maxResidentMB))
	}
	return t, nil
}

func (r *tableRow) judge(m machineRates) {
	r.Goal = r.goal
	if r.Goal == 0 {
		r.Goal = round(loginShare*m.Argon2, 1)
	}
	r.Met = r.RPS >= r.Goal && r.Errors == 0 && (r.maxP99 == 0 || r.P99 <= r.maxP99)
}

// print writes the table for people.
func (t *table) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\t\n", strings.Join([]string{"scenario", "ops/s", "goal", "p50 ms", "p95 ms", "p99 ms", "errors",
		"serve ms/op", "postgres ms/op", "load ms/op", "round trips/op", "others' CPU", "reached"}, "\t"))
	for _, r := range t.Rows {
		reached := "yes"
		if !r.Met {
			reached = "NO"
		}
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%d\t%.3f\t%.3f\t%.3f\t%.2f\t%.0f%%\t%s\t\n", r.Title, r.RPS, r.Goal,
			r.P50, r.P95, r.P99, r.Errors, r.CPUPerOpMS["serve"], r.CPUPerOpMS["postgres"], r.CPUPerOpMS["load"], r.RoundTrips,
			100*r.CPUShare["other"], reached)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d workers on %d cores, with server, database and this tool on the same machine\n", t.Workers, t.CPUs)
	fmt.Fprintf(out, "memory of idp serve: %.1f MB now, %.1f MB at its highest (limit %d)\n", t.ResidentMB, t.PeakMB, maxResidentMB)
	fmt.Fprintf(out, "the machine itself: ES256 %.0f/s, Argon2id (19 MiB, 2 passes) %.1f/s, commits at %d connections %.0f/s (fsync %s)\n",
		t.Machine.ES256, t.Machine.Argon2, t.Workers, t.Machine.Commits, t.Machine.Fsync)
	for _, note := range t.Notes {
		fmt.Fprintln(out, "note:", note)
	}
	return nil
}
