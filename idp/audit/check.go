package audit

import (
	"bytes"
	"fmt"
	"time"
)

// FaultKind says what was found wrong.
type FaultKind string

// The kinds of fault.
const (
	FaultChanged  FaultKind = "changed"  // as many events as sealed, but not the same
	FaultMissing  FaultKind = "missing"  // fewer events than sealed
	FaultInserted FaultKind = "inserted" // more events than sealed
	FaultCutOff   FaultKind = "cut_off"  // the end of the chain is gone
	FaultSeal     FaultKind = "seal"     // a seal was changed, removed or forged
	FaultUnsealed FaultKind = "unsealed" // events wait for a seal longer than they should
)

// Fault is one finding.
type Fault struct {
	Kind  FaultKind
	Seal  int64     // the seal concerned; 0 when none
	Month time.Time // the month concerned; zero when none
	Text  string    // for the operator
}

// Report is what a check of the whole chain found.
type Report struct {
	Head    Head
	Seals   int64
	Events  int64       // events that were read and are as they were sealed
	Pending int64       // events too young to be sealed
	Dropped []time.Time // months that are gone in order, with their seals kept
	Faults  []Fault
}

// OK reports that nothing is wrong.
func (r Report) OK() bool { return len(r.Faults) == 0 }

// Check compares a chain with its events, seal by seal in order.
type Check struct {
	MAC     MAC
	Known   Head           // a head written down earlier; zero if none
	Dropped map[Month]bool // months whose drop is on record as an event

	previous Seal
	known    bool
	report   Report
}

// Month names a month as "2006-01".
type Month string

// NameMonth returns the name of the month of t.
func NameMonth(t time.Time) Month { return Month(t.UTC().Format("2006-01")) }

// Seal checks the next seal against the sums of the events that are there now
// in its range.
func (c *Check) Seal(s Seal, now []Sum) {
	if c.previous.Hash == nil {
		c.previous = Genesis()
	}
	if err := s.Follows(c.previous, c.MAC); err != nil {
		c.fault(FaultSeal, s.Number, time.Time{}, err.Error())
	}
	if s.Number == c.Known.Number {
		c.known = true
		if !bytes.Equal(s.Hash, c.Known.Hash) {
			c.fault(FaultCutOff, s.Number, time.Time{},
				fmt.Sprintf("seal %d is not the one that was written down: the chain was cut off before it and made anew", s.Number))
		}
	}
	c.compare(s, now)
	c.previous = s
	c.report.Seals++
	c.report.Head = s.Head()
}

func (c *Check) compare(s Seal, now []Sum) {
	have := map[Month]Sum{}
	for _, sum := range now {
		have[NameMonth(sum.Month)] = sum
	}
	for _, sealed := range s.Sums {
		month := NameMonth(sealed.Month)
		there := have[month]
		delete(have, month)
		switch {
		case there.Count == 0 && c.Dropped[month]:
			c.dropped(sealed.Month)
		case there.Count < sealed.Count:
			c.fault(FaultMissing, s.Number, sealed.Month, fmt.Sprintf("seal %d: %d of %d events are missing", s.Number, sealed.Count-there.Count, sealed.Count))
		case there.Count > sealed.Count:
			c.fault(FaultInserted, s.Number, sealed.Month, fmt.Sprintf("seal %d: %d events were inserted", s.Number, there.Count-sealed.Count))
		case !bytes.Equal(there.Hash, sealed.Hash):
			c.fault(FaultChanged, s.Number, sealed.Month, fmt.Sprintf("seal %d: an event was changed", s.Number))
		default:
			c.report.Events += sealed.Count
		}
	}
	for _, extra := range have {
		c.fault(FaultInserted, s.Number, extra.Month, fmt.Sprintf("seal %d: %d events were inserted", s.Number, extra.Count))
	}
}

// Tail is what lies after the last seal.
type Tail struct {
	Pending int64 // events without a seal
	Future  int64 // events that claim a transaction which has not begun
	Overdue int64 // of those pending, how many should have been sealed long ago
	LastID  int64 // the highest event number handed out, some moments ago
	MaxID   int64 // the highest event number that is there; 0 if none
}

// Finish checks what lies after the last seal and returns the report.
func (c *Check) Finish(tail Tail) Report {
	last := c.previous
	c.report.Pending = tail.Pending
	if tail.Future > 0 {
		c.fault(FaultInserted, 0, time.Time{}, fmt.Sprintf("%d events claim transactions that have not begun", tail.Future))
	}
	if tail.Overdue > 0 {
		c.fault(FaultUnsealed, 0, time.Time{}, fmt.Sprintf("%d events wait for their seal: the sealer is not running, or has refused", tail.Overdue))
	}
	if tail.LastID > max(last.SeenID, tail.MaxID) {
		c.fault(FaultCutOff, last.Number, time.Time{}, fmt.Sprintf(
			"event numbers up to %d were handed out, but nothing is known after %d: the end was cut off, or the sealer is not running",
			tail.LastID, max(last.SeenID, tail.MaxID)))
	}
	if c.Known.Number > 0 && !c.known {
		c.fault(FaultCutOff, last.Number, time.Time{},
			fmt.Sprintf("the chain ends at seal %d, but seal %d was written down", last.Number, c.Known.Number))
	}
	return c.report
}

func (c *Check) dropped(month time.Time) {
	for _, known := range c.report.Dropped {
		if known.Equal(month) {
			return
		}
	}
	c.report.Dropped = append(c.report.Dropped, month)
}

// maxFaults keeps a report readable when everything is wrong.
const maxFaults = 200

func (c *Check) fault(kind FaultKind, seal int64, month time.Time, text string) {
	if len(c.report.Faults) >= maxFaults {
		return
	}
	c.report.Faults = append(c.report.Faults, Fault{Kind: kind, Seal: seal, Month: month, Text: text})
}
