package db_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/idptest"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

var now = idptest.Start

func insertToken(ctx context.Context, q db.Querier, jti string) error {
	_, err := q.Exec(ctx, `
		INSERT INTO revoked_token (jti, expires_at)
		VALUES ($1, $2)`, jti, now)
	return err
}

func countTokens(t *testing.T, q db.Querier) (n int) {
	t.Helper()
	if err := q.QueryRow(t.Context(), `SELECT count(*) FROM revoked_token`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInTx_KeepsAllOrNothing(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	mine := errors.New("mine")
	err := d.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
		if err := insertToken(ctx, d.On(tx), "a"); err != nil {
			return err
		}
		return mine
	})
	if err != mine || countTokens(t, d) != 0 {
		t.Errorf("%v, %d rows", err, countTokens(t, d))
	}
	err = d.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error { return insertToken(ctx, db.From(tx), "a") })
	if err != nil || countTokens(t, d) != 1 {
		t.Errorf("%v, %d rows", err, countTokens(t, d))
	}
	// Without a unit of work a statement stands alone.
	if err := insertToken(t.Context(), d.On(nil), "b"); err != nil || countTokens(t, d) != 2 {
		t.Errorf("%v", err)
	}
}

func TestInTx_RollsBackAfterAPanic(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	func() {
		defer func() { _ = recover() }()
		_ = d.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
			_ = insertToken(ctx, d.On(tx), "a")
			panic("a mistake")
		})
	}()
	if countTokens(t, d) != 0 || d.Stat().AcquiredConns() != 0 {
		t.Errorf("%d rows, %d connections held", countTokens(t, d), d.Stat().AcquiredConns())
	}
}

func TestCount_CountsEveryRoundTrip(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	outer, all := db.Count(t.Context())
	for range 2 { // the second time everything is prepared
		ctx, count := db.Count(outer)
		before := d.Trips()
		err := d.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
			var one int
			if err := db.From(tx).QueryRow(ctx, `SELECT 1`).Scan(&one); err != nil {
				return err
			}
			batch := &pgx.Batch{}
			batch.Queue(`SELECT 1`)
			batch.Queue(`SELECT 1`)
			if err := db.From(tx).SendBatch(ctx, batch).Close(); err != nil {
				return err
			}
			_, err := db.From(tx).CopyFrom(ctx, pgx.Identifier{"revoked_token"}, []string{"jti", "expires_at"},
				pgx.CopyFromRows([][]any{{idp.NewID(), now}}))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if count.Trips() != 5 || d.Trips()-before != 5 {
			t.Errorf("%d trips: %s", count.Trips(), count)
		}
		if want := "begin; SELECT 1; batch; copy"; !strings.HasPrefix(count.String(), want) {
			t.Errorf("have %q, want %q first", count, want)
		}
	}
	if all.Trips() != 10 {
		t.Errorf("the outer counter has %d", all.Trips())
	}
}

func TestError_SpeaksByConstraintName(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	taken := idp.E(idp.CodeConflict, "token.taken")
	gone := idp.E(idp.CodeNotFound, "token.gone")
	known := db.Known{"revoked_token_pkey": taken, db.NoRows: gone, "account_state_check": idp.E(idp.CodeInvalid, "account.state")}
	if err := insertToken(t.Context(), d, "a"); err != nil {
		t.Fatal(err)
	}
	account := `INSERT INTO account (account_id, state, stage, language, tokens_valid_from, terms_version, terms_accepted_at, last_used_at, created_at)
		VALUES (gen_random_uuid(), '` + "asleep" + `', 'simplified', 'be', $1, '1', $1, $1, $1)`
	_, check := d.Exec(t.Context(), account, now)
	_, foreign := d.Exec(t.Context(), `
		INSERT INTO terms_acceptance (account_id, version, accepted_at)
		VALUES (gen_random_uuid(), '1', $1)`, now)
	var jti string
	none := d.QueryRow(t.Context(), `SELECT jti FROM revoked_token WHERE jti = 'x'`).Scan(&jti)
	_, wrong := d.Exec(t.Context(), `SELEC`)
	for name, c := range map[string]struct {
		err  error
		code idp.Code
		key  string
	}{
		"unique, known":   {db.Error("do", insertToken(t.Context(), d, "a"), known), idp.CodeConflict, "token.taken"},
		"unique, unknown": {db.Error("do", insertToken(t.Context(), d, "a")), idp.CodeConflict, "error.conflict"},
		"check, known":    {db.Error("do", check, known), idp.CodeInvalid, "account.state"},
		"check, unknown":  {db.Error("do", check), "", ""},
		"foreign key":     {db.Error("do", foreign, known), idp.CodeConflict, "error.conflict"},
		"no rows, known":  {db.Error("do", none, known), idp.CodeNotFound, "token.gone"},
		"no rows":         {db.Error("do", none), idp.CodeNotFound, "error.not_found"},
		"has a code":      {db.Error("do", gone), idp.CodeNotFound, "token.gone"},
		"our mistake":     {db.Error("do", wrong), "", ""},
		"gave up":         {db.Error("do", context.Canceled), "", ""},
		"too late":        {db.Error("do", context.DeadlineExceeded), idp.CodeUnavailable, "error.unavailable"},
	} {
		key := ""
		var coded idp.Coded
		if errors.As(c.err, &coded) {
			key = coded.MessageKey()
		}
		if idp.CodeOf(c.err) != c.code || key != c.key || !strings.HasPrefix(c.err.Error(), "do: ") {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if db.Error("do", nil) != nil {
		t.Error("nil became an error")
	}
}

// The database goes away and comes back: requests fail with a code that the
// edges answer with 503, and work again without a restart.
func TestDatabaseAway_ThenBack(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	if err := insertToken(t.Context(), d, "a"); err != nil {
		t.Fatal(err)
	}
	var midway error
	var back func()
	err := d.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
		back = d.Lose(t)
		midway = db.Error("insert", insertToken(ctx, d.On(tx), "b"))
		return midway
	})
	if idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("in a transaction: %v", err)
	}
	for range 3 {
		if err := db.Error("insert", insertToken(t.Context(), d, "c")); idp.CodeOf(err) != idp.CodeUnavailable {
			t.Errorf("while away: %v", err)
		}
		err := d.InTx(t.Context(), func(context.Context, idp.Tx) error { return nil })
		if idp.CodeOf(err) != idp.CodeUnavailable {
			t.Errorf("begin while away: %v", err)
		}
	}
	back()
	if err := insertToken(t.Context(), d, "d"); err != nil || countTokens(t, d) != 2 {
		t.Errorf("after it came back: %v", err)
	}
}

func TestOpen_WithoutAServer(t *testing.T) {
	t.Parallel()
	_, err := db.Open(t.Context(), db.Config{URL: "postgres://127.0.0.1:1/none?user=x"})
	if idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("have %v", err)
	}
}

func TestOpen_StatementsHaveADeadline(t *testing.T) {
	t.Parallel()
	url := idptest.Unopened(t).URL
	d, err := db.Open(t.Context(), db.Config{URL: url, StatementTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_, err = d.Exec(t.Context(), `SELECT pg_sleep(30)`)
	if idp.CodeOf(db.Error("sleep", err)) != idp.CodeUnavailable {
		t.Errorf("have %v", err)
	}
}

func TestOpen_RefusesADatabaseThatIsNotOurs(t *testing.T) {
	t.Parallel()
	refused := func(name, url, want string) {
		t.Helper()
		d, err := db.Open(t.Context(), db.Config{URL: url})
		if err == nil {
			d.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: have %v, want %q", name, err, want)
		}
	}
	idptest.Unopened(t) // so that the role exists
	refused("without a schema", idptest.Blank(t), "idp migrate")
	for name, grant := range map[string]string{
		"update":          `GRANT UPDATE ON audit_event TO surety_app`,
		"update a column": `GRANT UPDATE (type) ON audit_event TO surety_app`,
		"delete":          `GRANT DELETE ON audit_event TO surety_app`,
		"truncate":        `GRANT TRUNCATE ON audit_event TO surety_app`,
		"seals":           `GRANT UPDATE ON audit_seal TO surety_app`,
		"partition":       `GRANT DELETE ON audit_event_default TO surety_app`,
		"everybody":       `GRANT DELETE ON audit_event TO PUBLIC`,
	} {
		d := idptest.Unopened(t)
		if _, err := d.Owner(t).Exec(t.Context(), grant); err != nil {
			t.Fatal(err)
		}
		refused(name, d.URL, "append-only")
	}
	old := idptest.Unopened(t)
	if _, err := old.Owner(t).Exec(t.Context(), `DELETE FROM goose_db_version WHERE version_id > 2`); err != nil {
		t.Fatal(err)
	}
	refused("too old", old.URL, "at migration 2")
}

func TestRetrying_RunsACollisionAgain(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	for _, jti := range []string{"a", "b"} {
		if err := insertToken(t.Context(), d, jti); err != nil {
			t.Fatal(err)
		}
	}
	// Both lock one row and then want the other's: PostgreSQL ends one of them.
	var met sync.WaitGroup
	met.Add(2)
	lock := func(ctx context.Context, tx idp.Tx, jti string) error {
		_, err := db.From(tx).Exec(ctx, `SELECT FROM revoked_token WHERE jti = $1 FOR UPDATE`, jti)
		return err
	}
	done := make(chan int, 2)
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		go func() {
			runs := 0
			err := db.Retrying(d.InTx)(t.Context(), func(ctx context.Context, tx idp.Tx) error {
				runs++
				if err := lock(ctx, tx, order[0]); err != nil {
					return err
				}
				if runs == 1 {
					met.Done()
					met.Wait()
				}
				return db.Error("lock", lock(ctx, tx, order[1]))
			})
			if err != nil {
				t.Error(err)
			}
			done <- runs
		}()
	}
	if runs := <-done + <-done; runs < 3 {
		t.Errorf("%d runs: there was no collision", runs)
	}
}

func TestListen_HearsAndReconnects(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	heard := make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		d.Listen(ctx, "Some Channel", func(payload string) { heard <- payload })
		close(ended)
	}()
	expect := func(want string) {
		t.Helper()
		select {
		case have := <-heard:
			if have != want {
				t.Errorf("heard %q, want %q", have, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("did not hear %q", want)
		}
	}
	expect("") // connected: forget everything
	if _, err := d.Exec(ctx, `SELECT pg_notify('Some Channel', 'one')`); err != nil {
		t.Fatal(err)
	}
	expect("one")
	d.Lose(t)()
	expect("") // connected again: notifications may have been lost
	d.Reset()  // the pool's idle connections are gone too
	if _, err := d.Exec(ctx, `SELECT pg_notify('Some Channel', 'two')`); err != nil {
		t.Fatal(err)
	}
	expect("two")
	cancel()
	<-ended
}
