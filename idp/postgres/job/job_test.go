package job

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/idptest"
	rules "surety/idp/job"
	"surety/idp/keys"
	"surety/idp/postgres/db"
)

// sink stands for a gateway outside: it keeps what it was given, and what it
// answers can be changed.
type sink struct {
	mu     sync.Mutex
	taken  []idp.Notice
	answer func(try int) error
	sent   chan idp.Notice
}

func newSink() *sink {
	return &sink{sent: make(chan idp.Notice, 100), answer: func(int) error { return nil }}
}

func (s *sink) Send(_ context.Context, _ time.Time, n idp.Notice) error {
	s.mu.Lock()
	s.taken = append(s.taken, n)
	err := s.answer(len(s.taken))
	s.mu.Unlock()
	s.sent <- n
	return err
}

func (s *sink) wait(t *testing.T) idp.Notice {
	t.Helper()
	select {
	case n := <-s.sent:
		return n
	case <-time.After(60 * time.Second):
		t.Fatal("nothing was sent")
		return idp.Notice{}
	}
}

type bundle struct {
	*idptest.DB
	t     *testing.T
	clock *idptest.Clock
	ring  *keys.Ring
	queue *Queue
	mail  *sink
	sms   *sink
	log   *slog.Logger
}

func setup(t *testing.T) *bundle {
	t.Parallel()
	b := &bundle{
		DB: idptest.Database(t), t: t, clock: idptest.NewClock(time.Time{}), ring: keys.NewRing(),
		mail: newSink(), sms: newSink(), log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	queue, err := NewQueue(b.DB.DB, b.ring.Seal, b.log)
	if err != nil {
		t.Fatal(err)
	}
	b.queue = queue
	return b
}

func notice(key string) idp.Notice {
	return idp.Notice{
		EventKey: key, Channel: idp.ChannelEmail, Kind: "register_code", AccountID: idp.AccountID(idp.NewID()),
		Message: idp.Message{To: "alena@example.by", Lang: "be", Subject: "Код", Text: "Ваш код 123456"},
	}
}

func (b *bundle) enqueue(notices ...idp.Notice) {
	b.t.Helper()
	err := b.InTx(b.t.Context(), func(ctx context.Context, tx idp.Tx) error {
		for _, n := range notices {
			if err := b.queue.Enqueue(ctx, tx, b.clock.Now(), n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

var errForGood = errors.New("refused for good")

// work starts a worker that stops with the test, or when stop is called.
func (b *bundle) work(tasks ...rules.Task) (stop func()) {
	b.t.Helper()
	worker, err := NewWorker(Config{
		DB: b.DB.DB, Open: b.ring.Open, Tasks: tasks, Clock: b.clock.Now, Log: b.log,
		Senders:   map[idp.Channel]rules.Sender{idp.ChannelEmail: b.mail, idp.ChannelSMS: b.sms},
		Permanent: func(err error) bool { return errors.Is(err, errForGood) },
	})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("worker: %v", err)
		}
	})
	b.t.Cleanup(stop)
	return stop
}

type outcome struct {
	Sealed   bool
	Sent     bool
	GivenUp  bool
	JobState string
	Errors   int
}

// outcome waits until the job has reached the state.
func (b *bundle) outcome(key, jobState string) outcome {
	b.t.Helper()
	return b.await(key, func(o outcome) bool { return o.JobState == jobState })
}

func (b *bundle) await(key string, done func(outcome) bool) outcome {
	b.t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		var o outcome
		err := b.QueryRow(b.t.Context(), `
			SELECT o.sealed IS NOT NULL, o.sent_at IS NOT NULL, o.given_up_at IS NOT NULL, j.state::text,
				coalesce(cardinality(j.errors), 0)
			FROM outbox o
			JOIN river_job j ON j.args ->> 'event_key' = o.event_key
			WHERE o.event_key = $1`, key).Scan(&o.Sealed, &o.Sent, &o.GivenUp, &o.JobState, &o.Errors)
		if err != nil {
			b.t.Fatal(err)
		}
		if done(o) {
			return o
		}
		select {
		case <-deadline:
			b.t.Fatalf("the job stays so: %+v", o)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestEnqueue_SendsOnceWhatWasDecidedAndWipesIt(t *testing.T) {
	b := setup(t)
	want := notice("register:1")
	b.enqueue(want, want)
	b.enqueue(want)
	b.work()
	have := b.mail.wait(t)
	if have.EventKey != want.EventKey || have.Message != want.Message || have.Kind != want.Kind || have.AccountID != want.AccountID {
		t.Errorf("have %+v, want %+v", have, want)
	}
	if o := b.outcome("register:1", "completed"); o.Sealed || !o.Sent || o.GivenUp {
		t.Errorf("%+v", o)
	}
	var jobs int
	if err := b.QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'send'`).Scan(&jobs); err != nil || jobs != 1 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
}

func TestEnqueue_CarriesALogout(t *testing.T) {
	b := setup(t)
	want := idp.Notice{EventKey: "logout:1", Channel: idp.ChannelEmail, Kind: "logout", ClientID: "agency",
		Logout: &idp.LogoutNotice{URI: "https://agency.example/bc", Subject: "s", SID: "1", Algorithm: "ES256"}}
	b.enqueue(want)
	b.work()
	have := b.mail.wait(t)
	if have.ClientID != want.ClientID || have.Logout == nil || *have.Logout != *want.Logout {
		t.Errorf("have %+v", have)
	}
}

func TestEnqueue_NothingIsSentForAChangeThatWasRolledBack(t *testing.T) {
	b := setup(t)
	undo := errors.New("undo")
	err := b.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
		return errors.Join(b.queue.Enqueue(ctx, tx, b.clock.Now(), notice("gone:1")), undo)
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	b.enqueue(notice("kept:1"))
	b.work()
	if n := b.mail.wait(t); n.EventKey != "kept:1" {
		t.Errorf("sent %s", n.EventKey)
	}
}

func TestEnqueue_NothingPersonalLiesInClear(t *testing.T) {
	b := setup(t)
	b.enqueue(notice("register:1"))
	var all string
	err := b.QueryRow(t.Context(), `
		SELECT string_agg(o::text, ' ') || string_agg(j::text, ' ') || string_agg(encode(o.sealed, 'escape'), ' ')
		FROM outbox o, river_job j`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"alena", "123456", "Код"} {
		if strings.Contains(all, personal) {
			t.Errorf("the database holds %q in clear", personal)
		}
	}
}

// One notice's sealed payload must not pass for another's.
func TestWork_RefusesAPayloadOfAnotherNotice(t *testing.T) {
	b := setup(t)
	b.enqueue(notice("one:1"), notice("two:1"))
	if _, err := b.Exec(t.Context(), `UPDATE outbox SET sealed = (SELECT sealed FROM outbox WHERE event_key = 'two:1') WHERE event_key = 'one:1'`); err != nil {
		t.Fatal(err)
	}
	b.work()
	if n := b.mail.wait(t); n.EventKey != "two:1" {
		t.Errorf("sent %s", n.EventKey)
	}
	b.await("one:1", func(o outcome) bool { return o.Errors > 0 })
	if len(b.mail.sent) > 0 {
		t.Error("sent another notice's payload")
	}
}

func TestWork_TriesAgainAfterAFailure(t *testing.T) {
	b := setup(t)
	b.mail.answer = func(try int) error {
		if try == 1 {
			return errors.New("gateway is down")
		}
		return nil
	}
	b.enqueue(notice("register:1"))
	b.work()
	first, second := b.mail.wait(t), b.mail.wait(t)
	if first.EventKey != second.EventKey || first.Message != second.Message {
		t.Errorf("the second try differs: %+v, %+v", first, second)
	}
	if o := b.outcome("register:1", "completed"); !o.Sent || o.Sealed {
		t.Errorf("%+v", o)
	}
}

func TestWork_GivesUpWhatIsRefusedForGood(t *testing.T) {
	b := setup(t)
	b.mail.answer = func(int) error { return errForGood }
	b.enqueue(notice("register:1"))
	b.work()
	b.mail.wait(t)
	if o := b.outcome("register:1", "completed"); o.Sent || o.Sealed || !o.GivenUp {
		t.Errorf("%+v", o)
	}
}

func TestWork_GivesUpWhatIsTooOld(t *testing.T) {
	b := setup(t)
	n := notice("register:1")
	n.Channel = idp.ChannelSMS
	b.enqueue(n)
	b.clock.Advance(2 * time.Hour)
	b.work()
	if o := b.outcome("register:1", "completed"); o.Sent || o.Sealed || !o.GivenUp {
		t.Errorf("%+v", o)
	}
	if len(b.sms.sent) > 0 {
		t.Error("a code was sent long after it ended")
	}
}

// The database goes away between sending and noting it: the notice is sent
// again under the same event key, and only then is it done.
func TestWork_SendsAgainWhenTheOutcomeCouldNotBeNoted(t *testing.T) {
	b := setup(t)
	var back func()
	b.mail.answer = func(try int) error {
		if try == 1 {
			back = b.Lose(t)
		}
		return nil
	}
	b.enqueue(notice("register:1"))
	b.work()
	first := b.mail.wait(t)
	back()
	second := b.mail.wait(t)
	if first.EventKey != second.EventKey {
		t.Errorf("sent %s and %s", first.EventKey, second.EventKey)
	}
	if o := b.outcome("register:1", "completed"); !o.Sent || o.Sealed {
		t.Errorf("%+v", o)
	}
}

// A worker that was killed leaves its job running; another takes it over.
func TestWork_TakesOverFromAWorkerThatDied(t *testing.T) {
	b := setup(t)
	b.enqueue(notice("register:1"))
	_, err := b.Exec(t.Context(), `
		UPDATE river_job
		SET state = 'running', attempt = 1, attempted_at = now() - interval '1 minute', attempted_by = '{dead}'`)
	if err != nil {
		t.Fatal(err)
	}
	b.work()
	b.mail.wait(t)
	if o := b.outcome("register:1", "completed"); !o.Sent {
		t.Errorf("%+v", o)
	}
}

func TestRun_StopsAfterTheJobAtHand(t *testing.T) {
	b := setup(t)
	release := make(chan struct{})
	entered := make(chan struct{})
	b.mail.answer = func(int) error {
		close(entered)
		<-release
		return nil
	}
	b.enqueue(notice("register:1"))
	stop := b.work()
	<-entered
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	close(release)
	<-stopped
	if o := b.outcome("register:1", "completed"); !o.Sent {
		t.Errorf("%+v", o)
	}
}

func TestTasks_RunAtTheWorkersClock(t *testing.T) {
	b := setup(t)
	ran := make(chan time.Time, 10)
	b.work(rules.Task{Name: "tick", Every: time.Hour, Do: func(_ context.Context, now time.Time) error {
		ran <- now
		return nil
	}})
	select {
	case now := <-ran:
		if !now.Equal(b.clock.Now()) {
			t.Errorf("ran at %s", now)
		}
	case <-time.After(60 * time.Second):
		t.Fatal("the task did not run")
	}
}

func TestSweep_RemovesWhatHasEndedInBatches(t *testing.T) {
	b := setup(t)
	now := b.clock.Now()
	_, err := b.Exec(t.Context(), `
		INSERT INTO revoked_token (jti, expires_at)
		SELECT 'old' || n, $1::timestamptz - interval '1 day' FROM generate_series(1, 2500) n
		UNION ALL
		SELECT 'young' || n, $1::timestamptz + interval '1 second' FROM generate_series(1, 10) n`, now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, count := db.Count(t.Context())
	n, err := Sweep(ctx, b, now)
	if err != nil || n != 2500 {
		t.Errorf("%d rows, %v", n, err)
	}
	if want := len(ended) + 2; count.Trips() != want {
		t.Errorf("%d statements, want %d", count.Trips(), want)
	}
	var left int
	if err := b.QueryRow(t.Context(), `SELECT count(*) FROM revoked_token`).Scan(&left); err != nil || left != 10 {
		t.Errorf("%d left, %v", left, err)
	}
}

// A row that says when it ends must go some time: whoever adds a table with
// an end adds it to the sweep, or here with the reason why not.
func TestSweep_KnowsEveryTableWhoseRowsEnd(t *testing.T) {
	b := setup(t)
	kept := []string{
		"consent",          // what was agreed is kept with the account
		"proofing",         // so is how a person was known
		"client_assertion", // goes by partition
		"river_leader",     // River's own
	}
	var tables []string
	err := b.QueryRow(t.Context(), `
		SELECT array_agg(c.relname::text)
		FROM pg_attribute a
		JOIN pg_class c ON c.oid = a.attrelid
		WHERE a.attname = 'expires_at' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
			AND c.relnamespace = 'public'::regnamespace`).Scan(&tables)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		swept := slices.Contains(kept, table)
		for _, e := range ended {
			swept = swept || e.table == table
		}
		if !swept {
			t.Errorf("nobody sweeps %s", table)
		}
	}
}

func TestPartitions_MakesDaysAndDropsThoseThatEnded(t *testing.T) {
	b := setup(t)
	// The database has a say in what has ended, by its own clock.
	now := time.Now()
	if err := Partitions(t.Context(), b, now.AddDate(0, 0, -3)); err != nil {
		t.Fatal(err)
	}
	if err := Partitions(t.Context(), b, now); err != nil {
		t.Fatal(err)
	}
	var parts []string
	err := b.QueryRow(t.Context(), `
		SELECT array_agg(inhrelid::regclass::text ORDER BY inhrelid::regclass::text)
		FROM pg_inherits
		WHERE inhparent = 'client_assertion'::regclass`).Scan(&parts)
	if err != nil {
		t.Fatal(err)
	}
	day := func(n int) string { return "client_assertion_" + now.UTC().AddDate(0, 0, n).Format("2006_01_02") }
	if want := []string{day(0), day(1), day(2), day(3), "client_assertion_default"}; !slices.Equal(parts, want) {
		t.Errorf("have %v, want %v", parts, want)
	}
	// Nobody can make the database forget assertions that still count.
	if err := Partitions(t.Context(), b, now.AddDate(0, 0, 20)); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := b.QueryRow(t.Context(), `SELECT to_regclass($1) IS NOT NULL`, day(0)).Scan(&there); err != nil || !there {
		t.Errorf("today's assertions were dropped (%v)", err)
	}
}

// Sealed payloads are what the key ring made of them.
func TestSealName_BindsToTheEventKey(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	sealed := ring.Seal(sealName, []byte("one"), []byte("x"))
	if _, err := ring.Open(sealName, []byte("two"), sealed); err == nil || bytes.Contains(sealed, []byte("one")) {
		t.Error("a payload opens under another event key")
	}
}
