package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, time.June, 15, 9, 30, 0, 0, time.UTC)

func testMAC(parts ...[]byte) []byte {
	h := hmac.New(sha256.New, []byte("a key outside the database"))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

func record(id int64, kind string) Record {
	return Record{ID: id, XID: uint64(100 + id), At: start.Add(time.Duration(id) * time.Second), Type: kind, Attrs: map[string]string{"a": "1"}}
}

func sums(records ...Record) []Sum {
	s := NewSummer()
	for _, r := range records {
		s.Add(r)
	}
	return s.Sums()
}

// Fields must not run into one another: else text could be moved from one to
// the next without the hash noticing.
func TestEncode_DifferentEventsReadDifferently(t *testing.T) {
	t.Parallel()
	base := Record{ID: 1, XID: 2, At: start, Type: "a.b", AccountID: "x", ActorID: "y", Attrs: map[string]string{"k": "v"}, Personal: []byte("p")}
	changes := map[string]func(*Record){
		"id":             func(r *Record) { r.ID = 2 },
		"transaction":    func(r *Record) { r.XID = 3 },
		"time":           func(r *Record) { r.At = start.Add(time.Microsecond) },
		"type":           func(r *Record) { r.Type = "a.c" },
		"moved text":     func(r *Record) { r.AccountID, r.ActorID = "xy", "" },
		"client":         func(r *Record) { r.ClientID = "c" },
		"session":        func(r *Record) { r.SessionID = "s" },
		"attribute":      func(r *Record) { r.Attrs = map[string]string{"k": "w"} },
		"attribute name": func(r *Record) { r.Attrs = map[string]string{"kv": ""} },
		"no attributes":  func(r *Record) { r.Attrs = nil },
		"personal":       func(r *Record) { r.Personal = nil },
	}
	for name, change := range changes {
		other := base
		change(&other)
		if bytes.Equal(encode(base), encode(other)) {
			t.Errorf("%s: reads the same", name)
		}
	}
	// The order of attributes and the zone of the time are not part of the event.
	same := base
	same.At = start.In(time.FixedZone("east", 3*3600))
	if !bytes.Equal(encode(base), encode(same)) {
		t.Error("the zone of the time changes the encoding")
	}
}

func TestSeal_FollowsOnlyWhatItWasMadeFor(t *testing.T) {
	t.Parallel()
	one := Genesis().Link(110, 5, sums(record(1, "a.b")), start, testMAC)
	two := one.Link(120, 9, sums(record(6, "a.b")), start, testMAC)
	if err := one.Follows(Genesis(), testMAC); err != nil {
		t.Fatal(err)
	}
	if err := two.Follows(one, testMAC); err != nil {
		t.Fatal(err)
	}
	forger := func(parts ...[]byte) []byte { return testMAC(append(parts, []byte("wrong key"))...) }
	attacks := map[string]Seal{
		"skipped a seal": two.Link(130, 9, nil, start, testMAC),
		"forged":         one.Link(120, 9, sums(record(6, "x.y")), start, forger),
		"other past":     Genesis().Link(111, 5, nil, start, testMAC).Link(120, 9, nil, start, testMAC),
		"count": func() Seal {
			s := two
			s.Sums = []Sum{{Month: two.Sums[0].Month, Count: 2, Hash: two.Sums[0].Hash}}
			return s
		}(),
		"upto":     func() Seal { s := two; s.Upto++; return s }(),
		"seen":     func() Seal { s := two; s.SeenID++; return s }(),
		"time":     func() Seal { s := two; s.SealedAt = s.SealedAt.Add(time.Second); return s }(),
		"rehashed": func() Seal { s := two; s.SeenID++; s.Hash = s.digest(); return s }(),
	}
	for name, seal := range attacks {
		if err := seal.Follows(one, testMAC); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCheck_NamesTheFault(t *testing.T) {
	t.Parallel()
	events := []Record{record(1, "a.b"), record(2, "a.c")}
	seal := Genesis().Link(110, 2, sums(events...), start, testMAC)
	changed := record(2, "a.d")
	month := NameMonth(start)
	cases := map[string]struct {
		check Check
		now   []Record
		tail  Tail
		want  FaultKind
	}{
		"fine":                   {now: events, tail: Tail{LastID: 2}},
		"changed":                {now: []Record{events[0], changed}, want: FaultChanged},
		"missing":                {now: events[:1], want: FaultMissing},
		"all missing":            {want: FaultMissing},
		"inserted":               {now: append(events[:2:2], record(3, "a.b")), want: FaultInserted},
		"inserted, other month":  {now: append(events[:2:2], Record{ID: 3, At: start.AddDate(0, 3, 0)}), want: FaultInserted},
		"from the future":        {now: events, tail: Tail{Future: 1}, want: FaultInserted},
		"sealer stands still":    {now: events, tail: Tail{Pending: 3, Overdue: 2}, want: FaultUnsealed},
		"numbers without events": {now: events, tail: Tail{LastID: 7}, want: FaultCutOff},
		"numbers of pending":     {now: events, tail: Tail{LastID: 7, MaxID: 7, Pending: 5}},
		"ends before known":      {check: Check{Known: Head{Number: 2, Hash: genesis}}, now: events, want: FaultCutOff},
		"made anew":              {check: Check{Known: Head{Number: 1, Hash: genesis}}, now: events, want: FaultCutOff},
		"known":                  {check: Check{Known: seal.Head()}, now: events},
		"dropped in order":       {check: Check{Dropped: map[Month]bool{month: true}}},
		"dropped, yet one left":  {check: Check{Dropped: map[Month]bool{month: true}}, now: events[:1], want: FaultMissing},
	}
	for name, c := range cases {
		c.check.MAC = testMAC
		c.check.Seal(seal, sums(c.now...))
		report := c.check.Finish(c.tail)
		switch {
		case c.want == "" && !report.OK():
			t.Errorf("%s: %v", name, report.Faults)
		case c.want != "" && (len(report.Faults) != 1 || report.Faults[0].Kind != c.want):
			t.Errorf("%s: have %v, want %s", name, report.Faults, c.want)
		}
	}
}

func TestHead_IsReadAsWritten(t *testing.T) {
	t.Parallel()
	head := Genesis().Link(110, 2, nil, start, testMAC).Head()
	again, err := ParseHead(head.String() + "\n")
	if err != nil || again.Number != head.Number || !bytes.Equal(again.Hash, head.Hash) {
		t.Errorf("have %v (%v), want %v", again, err, head)
	}
	for _, bad := range []string{"", "1", "1:", "x:" + strings.Repeat("00", 32), "0:" + strings.Repeat("00", 32), "1:00"} {
		if _, err := ParseHead(bad); err == nil {
			t.Errorf("%q: accepted", bad)
		}
	}
}

func TestEvent_CheckRefusesWhatWouldLieThereForYears(t *testing.T) {
	t.Parallel()
	if err := (Event{Type: "session.started", Attrs: map[string]string{"method": "password"}}).Check(); err != nil {
		t.Error(err)
	}
	many := map[string]string{}
	for i := range 33 {
		many["a"+strings.Repeat("b", i)] = ""
	}
	for name, e := range map[string]Event{
		"no type":       {},
		"no verb":       {Type: "session"},
		"free text":     {Type: "Session started!"},
		"long type":     {Type: "a." + strings.Repeat("b", 100)},
		"attr name":     {Type: "a.b", Attrs: map[string]string{"E-Mail": "x"}},
		"attr too long": {Type: "a.b", Attrs: map[string]string{"a": strings.Repeat("x", 2049)}},
		"many attrs":    {Type: "a.b", Attrs: many},
		"not a uuid":    {Type: "a.b", AccountID: "alena"},
		"session":       {Type: "a.b", SessionID: "'; --"},
		"zero byte":     {Type: "a.b", ClientID: "a\x00b"},
		"not text":      {Type: "a.b", Attrs: map[string]string{"a": "\xff"}},
		"long actor":    {Type: "a.b", ActorID: strings.Repeat("x", 201)},
		"long personal": {Type: "a.b", Personal: map[string]string{"a": strings.Repeat("x", 17<<10)}},
	} {
		if e.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
