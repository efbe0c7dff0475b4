package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, which Linux fixes at 100 for everything in /proc.
const ticksPerSecond = 100

// parsePIDs reads name=pid,... and adds this process as "load".
func parsePIDs(s string) (map[string]int, error) {
	procs := map[string]int{"load": os.Getpid()}
	for part := range strings.SplitSeq(s, ",") {
		if part == "" {
			continue
		}
		name, val, ok := strings.Cut(part, "=")
		pid, err := strconv.Atoi(val)
		if !ok || err != nil {
			return nil, fmt.Errorf("%q is not name=pid", part)
		}
		procs[name] = pid
	}
	return procs, nil
}

// process is what /proc tells of one process.
type process struct {
	parent int
	ticks  float64 // its own and those of children it has reaped
}

// readCPU gives the CPU seconds used so far by each process with all its
// descendants and, under "other", by the rest of the machine: kernel and time
// stolen by a hypervisor included. Without /proc it is empty.
func readCPU(procs map[string]int) map[string]float64 {
	all := processes()
	if all == nil {
		return nil
	}
	out, busy := map[string]float64{}, busySeconds()
	for name, root := range procs {
		if _, ok := all[root]; !ok {
			continue
		}
		var ticks float64
		for pid, p := range all {
			if descends(all, pid, root) {
				ticks += p.ticks
			}
		}
		out[name] = ticks / ticksPerSecond
		busy -= out[name]
	}
	out["other"] = busy
	return out
}

func processes() map[int]process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	all := map[int]process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has ended since
		}
		// The command's name may hold spaces and brackets; what follows the last bracket does not.
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(f) < 15 {
			continue
		}
		var p process
		p.parent, _ = strconv.Atoi(f[1])
		for _, field := range f[11:15] { // utime, stime, cutime, cstime
			t, _ := strconv.ParseFloat(field, 64)
			p.ticks += t
		}
		all[pid] = p
	}
	return all
}

// descends is bounded, because parents are read one after the other and may
// form a ring when a number is given out again.
func descends(all map[int]process, pid, root int) bool {
	for depth := 0; pid > 0 && depth < 64; depth++ {
		if pid == root {
			return true
		}
		pid = all[pid].parent
	}
	return false
}

// busySeconds is the CPU time in which the machine was not idle.
func busySeconds() float64 {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	var sum float64
	for i, field := range strings.Fields(line) {
		// 1 user, 2 nice, 3 system, 4 idle, 5 iowait, 6 irq, 7 softirq, 8 steal
		if i >= 1 && i <= 8 && i != 4 && i != 5 {
			t, _ := strconv.ParseFloat(field, 64)
			sum += t
		}
	}
	return sum / ticksPerSecond
}

// residentMB is a process's resident memory now and at its highest, in
// megabytes of 1,000,000 bytes.
func residentMB(pid int) (now, peak float64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmRSS:":
			now = kib * 1024 / 1e6
		case "VmHWM:":
			peak = kib * 1024 / 1e6
		}
	}
	return now, peak, nil
}

// roundTripsMetric is the server's counter of round trips to the database.
const roundTripsMetric = "surety_db_round_trips_total"

// readCounter sums all series of a counter in Prometheus's text format.
func readCounter(ctx context.Context, address, name string) (float64, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	if !strings.HasSuffix(address, "/metrics") {
		address = strings.TrimSuffix(address, "/") + "/metrics"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DialContext: dialLoopback, DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return 0, err
	}
	return sumSeries(string(b), name)
}

func sumSeries(text, name string) (float64, error) {
	sum, found := 0.0, false
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if i := strings.LastIndexByte(rest, '}'); i >= 0 {
			rest = rest[i+1:]
		}
		f := strings.Fields(rest)
		if len(f) == 0 {
			continue
		}
		v, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, errors.New("the server does not show " + name)
	}
	return sum, nil
}
