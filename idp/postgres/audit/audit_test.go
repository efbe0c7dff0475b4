package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"surety/idp"
	chain "surety/idp/audit"
	"surety/idp/idptest"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5/pgconn"
)

func testMAC(parts ...[]byte) []byte {
	h := hmac.New(sha256.New, []byte("a key outside the database"))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// testSeal stands for the key ring: it shows what it was given.
func testSeal(name string, context, plain []byte) []byte {
	return []byte("sealed(" + name + "," + string(context) + "," + string(bytes.ToUpper(plain)) + ")")
}

// bundle is one test's world.
type bundle struct {
	*idptest.DB
	t      *testing.T
	clock  *idptest.Clock
	store  *Store
	sealer *Sealer
}

func setup(t *testing.T) *bundle {
	t.Parallel()
	d := idptest.Database(t)
	clock := idptest.NewClock(time.Time{})
	return &bundle{
		DB: d, t: t, clock: clock, store: New(testSeal),
		sealer: NewSealer(d.DB, testMAC, clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil))),
	}
}

func (b *bundle) append(events ...chain.Event) {
	b.t.Helper()
	err := b.InTx(b.t.Context(), func(ctx context.Context, tx idp.Tx) error {
		return b.store.Append(ctx, tx, b.clock.Now(), events...)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// seal ticks until want events are sealed: transactions of other tests on the
// same server hold the horizon back for a moment.
func (b *bundle) seal(want int64) {
	b.t.Helper()
	for have := int64(0); ; {
		n, err := b.sealer.Tick(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if have += n; have == want {
			return
		}
		if have > want {
			b.t.Fatalf("sealed %d events, want %d", have, want)
		}
	}
}

func (b *bundle) verify(known chain.Head) chain.Report {
	b.t.Helper()
	report, err := Verify(b.t.Context(), b.DB.DB, testMAC, known, b.clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

func (b *bundle) asOwner(sql string, args ...any) {
	b.t.Helper()
	if _, err := b.Owner(b.t).Exec(b.t.Context(), sql, args...); err != nil {
		b.t.Fatal(err)
	}
}

func event(kind string) chain.Event {
	return chain.Event{Type: kind, Attrs: map[string]string{"method": "password"}}
}

func TestAppend_KeepsEveryFieldAndSealsWhatIsPersonal(t *testing.T) {
	b := setup(t)
	account, session := idp.NewID(), idp.NewID()
	ownKey := func(string, []byte, []byte) []byte { return []byte("under the person's key") }
	b.append(
		chain.Event{Type: "session.started", AccountID: idp.AccountID(account), ActorID: "command", ClientID: "agency",
			SessionID: idp.SessionID(session), Attrs: map[string]string{"method": "password"}, Personal: map[string]string{"ip": "secret"}},
		chain.Event{Type: "session.ended", Personal: map[string]string{"ip": "secret"}, Seal: ownKey},
	)
	var have []chain.Record
	err := readRecords(t.Context(), b, 0, 1<<62, 10, func(r chain.Record) { have = append(have, r) })
	if err != nil || len(have) != 2 {
		t.Fatalf("%d records, %v", len(have), err)
	}
	r := have[0]
	if r.Type != "session.started" || r.AccountID != account || r.ActorID != "command" || r.ClientID != "agency" ||
		r.SessionID != session || r.Attrs["method"] != "password" || !r.At.Equal(b.clock.Now()) {
		t.Errorf("record differs: %+v", r)
	}
	if string(r.Personal) != `sealed(audit,`+account+`,{"IP":"SECRET"})` {
		t.Errorf("personal part: %s", r.Personal)
	}
	if string(have[1].Personal) != "under the person's key" {
		t.Errorf("personal part with a key of its own: %s", have[1].Personal)
	}
}

func TestAppend_GoesWithItsTransactionInOneRoundTrip(t *testing.T) {
	b := setup(t)
	ctx, count := db.Count(t.Context())
	undo := errors.New("undo")
	err := b.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := b.store.Append(ctx, tx, b.clock.Now(), event("a.b"), event("a.c"), event("a.d")); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) || count.Trips() != 3 {
		t.Errorf("%v; %d trips: %s", err, count.Trips(), count)
	}
	b.append(event("a.b"))
	b.seal(1)
}

func TestPlaceholders_LetAStatementCarryItsEvent(t *testing.T) {
	b := setup(t)
	values, err := b.store.Values(b.clock.Now(), event("token.revoked"))
	if err != nil {
		t.Fatal(err)
	}
	args := append([]any{"jti", b.clock.Now()}, values...)
	statement := `
		WITH r AS (
			INSERT INTO revoked_token (jti, expires_at)
			VALUES ($1, $2)
			ON CONFLICT DO NOTHING
			RETURNING jti
		)
		INSERT INTO audit_event (` + Columns + `)
		SELECT ` + Placeholders(3) + `
		FROM r`
	for range 2 { // the second time nothing happens, so nothing is told
		if _, err := b.Exec(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	b.seal(1)
}

func TestPrivileges_NobodyRewritesHistory(t *testing.T) {
	b := setup(t)
	b.append(event("a.b"))
	b.seal(1)
	if err := b.store.Prepare(t.Context(), b, b.clock.Now()); err != nil {
		t.Fatal(err)
	}
	for _, attack := range []string{
		`UPDATE audit_event SET type = 'x.y'`,
		`DELETE FROM audit_event`,
		`TRUNCATE audit_event`,
		`DELETE FROM audit_event_default`,
		`DELETE FROM audit_event_2026_06`,
		`INSERT INTO audit_event_2026_06 (at, type) VALUES ('2026-06-15', 'x.y')`,
		`INSERT INTO audit_event (at, type, xid) VALUES ('2026-06-15', 'x.y', '3')`,
		`INSERT INTO audit_event (at, type, event_id) VALUES ('2026-06-15', 'x.y', 3)`,
		`UPDATE audit_seal SET seen_id = 0`,
		`DELETE FROM audit_seal`,
		`TRUNCATE audit_seal`,
		`SELECT setval('audit_event_seq', 1)`,
		`DROP TABLE audit_event_2026_06`,
		`RESET ROLE; DELETE FROM audit_event`,
	} {
		_, err := b.Exec(t.Context(), attack)
		for _, part := range strings.Split(attack, "; ")[1:] {
			_, _ = b.Exec(t.Context(), `RESET ROLE`)
			_, err = b.Exec(t.Context(), part)
		}
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("%s: %v", attack, err)
		}
	}
}

func TestVerify_FindsNothingInOrder(t *testing.T) {
	b := setup(t)
	b.append(event("a.b"), event("a.c"))
	b.seal(2)
	b.append(event("a.d"))
	b.seal(1)
	b.append(event("a.e"))
	report := b.verify(b.sealer.head)
	if !report.OK() || report.Events != 3 || report.Pending != 1 || report.Seals < 2 {
		t.Errorf("%+v", report)
	}
}

// cutEnd removes the last seal over any event, what came after it, and the
// events that they cover: the seals that remain are all in order.
const cutEnd = `
	WITH gone AS (
		DELETE FROM audit_seal
		WHERE seal_id >= (SELECT max(seal_id) FROM audit_seal WHERE event_count > 0)
		RETURNING from_xid
	)
	DELETE FROM audit_event
	WHERE xid >= ANY (SELECT from_xid FROM gone)`

// An intruder has the owner's rights, but not the key.
func TestVerify_FindsWhatTheOwnerDid(t *testing.T) {
	cases := map[string]struct {
		attack string
		want   chain.FaultKind
	}{
		"type changed":       {`UPDATE audit_event SET type = 'x.y' WHERE type = 'b.b'`, chain.FaultChanged},
		"attribute changed":  {`UPDATE audit_event SET attrs = '{"method":"idcard"}' WHERE type = 'b.b'`, chain.FaultChanged},
		"time changed":       {`UPDATE audit_event SET at = at + interval '1 microsecond' WHERE type = 'b.b'`, chain.FaultChanged},
		"account added":      {`UPDATE audit_event SET account_id = gen_random_uuid() WHERE type = 'b.b'`, chain.FaultChanged},
		"personal added":     {`UPDATE audit_event SET personal = 'x' WHERE type = 'b.b'`, chain.FaultChanged},
		"row removed":        {`DELETE FROM audit_event WHERE type = 'b.b'`, chain.FaultMissing},
		"last row removed":   {`DELETE FROM audit_event WHERE type = 'c.c'`, chain.FaultMissing},
		"moved to now":       {`UPDATE audit_event SET xid = pg_current_xact_id() WHERE type = 'b.b'`, chain.FaultMissing},
		"row inserted":       {`INSERT INTO audit_event (event_id, xid, at, type) SELECT 1000, xid, at, 'x.y' FROM audit_event WHERE type = 'b.b'`, chain.FaultInserted},
		"row for the future": {`INSERT INTO audit_event (event_id, xid, at, type) VALUES (0, '9000000000', '2026-06-15', 'x.y')`, chain.FaultInserted},
		"seal removed":       {`DELETE FROM audit_seal WHERE seal_id = 1`, chain.FaultSeal},
		"seal changed":       {`UPDATE audit_seal SET seen_id = 7 WHERE seal_id = 1`, chain.FaultSeal},
		"seal forged":        {`UPDATE audit_seal SET mac = hash WHERE seal_id = 1`, chain.FaultSeal},
		"end cut off":        {cutEnd, chain.FaultCutOff},
		"all cut off":        {`WITH s AS (DELETE FROM audit_seal) DELETE FROM audit_event`, chain.FaultCutOff},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.append(event("a.a"), event("b.b"))
			b.seal(2)
			b.append(event("c.c"))
			b.seal(1)
			b.asOwner(c.attack)
			report := b.verify(chain.Head{})
			found := false
			for _, fault := range report.Faults {
				found = found || fault.Kind == c.want
			}
			if !found {
				t.Errorf("have %+v, want %s", report.Faults, c.want)
			}
		})
	}
}

// Whoever also turns back the sequence leaves no trace in the database; the
// head in the log tells.
func TestVerify_KnownHeadFindsAPerfectCut(t *testing.T) {
	b := setup(t)
	b.append(event("a.a"))
	b.seal(1)
	b.append(event("b.b"))
	b.seal(1)
	known := b.sealer.head
	b.asOwner(cutEnd)
	b.asOwner(`SELECT setval('audit_event_seq', (SELECT max(event_id) FROM audit_event))`)
	if report := b.verify(chain.Head{}); !report.OK() {
		t.Fatalf("the cut is not perfect: %+v", report.Faults)
	}
	if report := b.verify(known); len(report.Faults) != 1 || report.Faults[0].Kind != chain.FaultCutOff {
		t.Errorf("%+v", report.Faults)
	}
}

func TestSealer_RefusesAChainThatLostItsEnd(t *testing.T) {
	b := setup(t)
	b.append(event("a.a"))
	b.seal(1)
	b.asOwner(`DELETE FROM audit_seal`)
	b.append(event("b.b"))
	if _, err := b.sealer.Tick(t.Context()); !errors.Is(err, errCutOff) {
		t.Errorf("have %v", err)
	}
}

// A transaction that is still open may yet write events with numbers below
// those already there: nothing after it is sealed, and it is not skipped.
func TestSealer_WaitsForOpenTransactions(t *testing.T) {
	b := setup(t)
	err := b.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
		if err := b.store.Append(ctx, tx, b.clock.Now(), event("slow.one")); err != nil {
			return err
		}
		b.append(event("quick.one"))
		n, err := b.sealer.Tick(ctx)
		if n != 0 {
			t.Errorf("sealed %d events beside an open transaction", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.seal(2)
	if report := b.verify(chain.Head{}); !report.OK() {
		t.Errorf("%+v", report.Faults)
	}
}

func TestSealer_ManyAtOnceMakeOneChain(t *testing.T) {
	b := setup(t)
	const sealers, rounds = 4, 10
	done := make(chan error, sealers)
	for range sealers {
		s := NewSealer(b.DB.DB, testMAC, b.clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
		go func() {
			for range rounds {
				if _, err := s.Tick(t.Context()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 20 {
		b.append(event("a.b"))
	}
	for range sealers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for pending := int64(1); pending > 0; {
		if _, err := b.sealer.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		report := b.verify(chain.Head{})
		if !report.OK() {
			t.Fatalf("%+v", report.Faults)
		}
		pending = report.Pending
	}
}

func TestSealer_CatchesUpInBoundedSeals(t *testing.T) {
	b := setup(t)
	b.asOwner(`INSERT INTO audit_event (at, type) SELECT '2026-06-15', 'a.b' FROM generate_series(1, 25000)`)
	b.asOwner(`INSERT INTO audit_event (at, type) SELECT '2026-06-15', 'a.b' FROM generate_series(1, 15000)`)
	b.asOwner(`INSERT INTO audit_event (at, type) SELECT '2026-06-15', 'a.b' FROM generate_series(1, 15000)`)
	b.seal(55_000)
	report := b.verify(chain.Head{})
	if !report.OK() || report.Events != 55_000 || report.Seals < 3 {
		t.Errorf("%d seals, %d events, %+v", report.Seals, report.Events, report.Faults)
	}
}

func TestPrepare_MovesWhatLiesInTheDefaultPartition(t *testing.T) {
	b := setup(t)
	b.append(event("a.b"))
	b.seal(1)
	for range 2 { // the second time there is nothing to do
		if err := b.store.Prepare(t.Context(), b, b.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	b.append(event("a.c"))
	var inDefault, inMonth int
	owner := b.Owner(t)
	err := owner.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM audit_event_default), (SELECT count(*) FROM audit_event_2026_06)`).Scan(&inDefault, &inMonth)
	if err != nil || inDefault != 0 || inMonth != 2 {
		t.Errorf("default %d, month %d, %v", inDefault, inMonth, err)
	}
	if report := b.verify(chain.Head{}); !report.OK() {
		t.Errorf("%+v", report.Faults)
	}
}

// A partition that is made while people log in must not fail their log-in:
// the database refuses a row that it had already sent to the default partition.
func TestPrepare_LetsWritersWait(t *testing.T) {
	b := setup(t)
	// A reader of the default partition holds the making up half-way.
	reader, err := b.Owner(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(t.Context(), `SELECT FROM audit_event_default`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	go func() { done <- b.store.Prepare(t.Context(), b, b.clock.Now()) }()
	b.waiting(1)
	go func() {
		done <- b.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
			return b.store.Append(ctx, tx, b.clock.Now(), event("a.b"))
		})
	}()
	b.waiting(2)
	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A partition that is made while the sealer reads moves rows from one place
// that it has looked at to another that it has not: what it misses then would
// count as inserted ever after.
func TestPrepare_KeepsTheSealerOut(t *testing.T) {
	b := setup(t)
	b.append(event("a.b"))
	making, err := b.Owner(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := making.Exec(t.Context(), `SELECT audit_prepare('2026-06-01', 1)`); err != nil {
		t.Fatal(err)
	}
	ticked := make(chan error, 1)
	go func() {
		_, err := b.sealer.Tick(t.Context())
		ticked <- err
	}()
	for over := false; !over && !b.anyWaits(); { // a sealer that does not stay out waits for the moving rows
		select {
		case err = <-ticked:
			ticked <- err
			over = true
		default:
		}
	}
	if err := making.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ticked; err != nil {
		t.Fatal(err)
	}
	b.append(event("a.c"))
	report := b.verify(chain.Head{})
	for ; report.Pending > 0; report = b.verify(chain.Head{}) {
		if _, err := b.sealer.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !report.OK() || report.Events != 2 {
		t.Errorf("%+v", report)
	}
}

func (b *bundle) anyWaits() bool {
	b.t.Helper()
	var waits bool
	err := b.QueryRow(b.t.Context(), `
		SELECT EXISTS (
			SELECT
			FROM pg_locks
			WHERE NOT granted
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waits)
	if err != nil {
		b.t.Fatal(err)
	}
	return waits
}

// waiting returns once n connections to the test's database wait for a lock.
func (b *bundle) waiting(n int) {
	b.t.Helper()
	for have := 0; have < n; {
		err := b.QueryRow(b.t.Context(), `
			SELECT count(*)
			FROM pg_locks
			WHERE NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&have)
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestDrop_KeepsTheSealsAndTheChainHolds(t *testing.T) {
	b := setup(t)
	old := time.Date(2024, time.March, 3, 0, 0, 0, 0, time.UTC)
	b.clock.Set(old)
	if err := b.store.Prepare(t.Context(), b, old); err != nil {
		t.Fatal(err)
	}
	b.append(event("a.old"))
	if _, err := b.store.Drop(t.Context(), b, old); err == nil {
		t.Error("a month that is not sealed was dropped")
	}
	// One seal over two months: the younger one stays checkable.
	b.clock.Set(idptest.Start)
	b.append(event("a.new"))
	b.seal(2)
	dropped, err := b.store.Drop(t.Context(), b, old)
	if err != nil || !dropped {
		t.Fatalf("%t, %v", dropped, err)
	}
	b.seal(1) // the event that tells of the drop
	report := b.verify(chain.Head{})
	if !report.OK() || len(report.Dropped) != 1 || report.Events != 2 {
		t.Errorf("%+v", report)
	}
	b.asOwner(`UPDATE audit_event SET type = 'x.y' WHERE type = 'a.new'`)
	if b.verify(chain.Head{}).OK() {
		t.Error("after a drop, a change in the other month goes unnoticed")
	}
}

func TestDrop_RefusesAYoungMonth(t *testing.T) {
	b := setup(t)
	if _, err := b.store.Drop(t.Context(), b, time.Now()); err == nil {
		t.Error("this month was dropped")
	}
}
