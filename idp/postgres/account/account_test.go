package account_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/idptest"
	"surety/idp/idptest/citizens"
	"surety/idp/keys"
	"surety/idp/postgres/account"
	"surety/idp/postgres/person"
	"surety/idp/session"
	"surety/idp/throttle"
)

// TestTriesAreNeverLostNorWaitedForCrosswise counts on two keys at once, in
// both orders, from many goroutines.
func TestTriesAreNeverLostNorWaitedForCrosswise(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	s := account.New(d.DB, keys.NewRing())
	both := [][32]byte{{1}, {2}}
	var group sync.WaitGroup
	const each = 40
	for i := range each {
		names := slices.Clone(both)
		if i%2 == 0 {
			slices.Reverse(names)
		}
		group.Go(func() {
			err := d.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
				return s.ChangeTries(ctx, tx, names, idptest.Start, oneMore)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var low, high int
	if err := d.QueryRow(t.Context(), `SELECT min(tries), max(tries) FROM throttle`).Scan(&low, &high); err != nil || low != each || high != each {
		t.Errorf("%d to %d tries, %v", low, high, err)
	}
}

func oneMore(states []throttle.State) ([]throttle.State, error) {
	for i := range states {
		states[i].Tries++
		states[i].WindowStartedAt, states[i].ExpiresAt = idptest.Start, idptest.Start.Add(time.Hour)
	}
	return states, nil
}

func TestARefusedTryLeavesNoTrace(t *testing.T) {
	t.Parallel()
	d := idptest.Database(t)
	s := account.New(d.DB, keys.NewRing())
	refused := idp.E(idp.CodeThrottled, "error.throttled")
	err := d.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
		return s.ChangeTries(ctx, tx, [][32]byte{{1}}, idptest.Start, func([]throttle.State) ([]throttle.State, error) { return nil, refused })
	})
	var n int
	if scan := d.QueryRow(t.Context(), `SELECT count(*) FROM throttle`).Scan(&n); scan != nil || n != 0 || idp.CodeOf(err) != idp.CodeThrottled {
		t.Errorf("%d rows, %v, %v", n, err, scan)
	}
}

// TestAnEndedSessionCannotBeTouched: the log-out comes between reading the
// session and moving its end on.
func TestAnEndedSessionCannotBeTouched(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := citizens.Browser("192.0.2.7")
	done := w.Register(b, "anna@example.org")
	v, err := w.SignIn.Visitor(t.Context(), done.Ticket.Secret, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.Session = done.Ticket.Secret
	if err := w.SignIn.LogOut(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	touched, _ := v.Session.Touch(w.Clock.Advance(5*time.Minute), session.DefaultLifetimes(), false)
	if err := w.Store.Touch(t.Context(), touched); err != nil {
		t.Fatal(err)
	}
	if v, err = w.SignIn.Visitor(t.Context(), done.Ticket.Secret, w.Clock.Now()); err != nil || v.Known() {
		t.Errorf("it is open again: %+v, %v", v, err)
	}
}

// TestASealedValueOpensInItsPlaceOnly moves one person's e-mail and name to
// another, as somebody with the database but not the keys could.
func TestASealedValueOpensInItsPlaceOnly(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	anna := w.Register(citizens.Browser("192.0.2.7"), "anna@example.org").AccountID
	boris := w.Register(citizens.Browser("192.0.2.8"), "boris@example.org").AccountID
	for _, sql := range []string{
		`UPDATE contact SET sealed = (SELECT sealed FROM contact WHERE account_id = $1) WHERE account_id = $2`,
		`UPDATE person_attribute p SET sealed = (SELECT sealed FROM person_attribute q WHERE q.account_id = $1 AND q.name = p.name) WHERE account_id = $2`,
		`UPDATE login_name SET sealed = (SELECT sealed FROM login_name WHERE account_id = $1) WHERE account_id = $2`,
		`UPDATE account SET data_key = (SELECT data_key FROM account WHERE account_id = $1) WHERE account_id = $2`,
		`UPDATE person_attribute SET sealed = (SELECT sealed FROM person_attribute WHERE account_id = $2 AND name = 'family_name')
			WHERE account_id = $2 AND name = 'given_name' AND $1::uuid IS NOT NULL`,
	} {
		tx, err := w.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), sql, anna, boris); err != nil {
			t.Fatal(err)
		}
		var sealed person.Sealed
		err = tx.QueryRow(t.Context(), `SELECT `+person.Columns+` FROM account a WHERE a.account_id = $1`, boris).Scan(sealed.Fields()...)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := sealed.Open(w.Ring, boris); err == nil {
			t.Errorf("after %s: %+v", sql, p)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := w.People.Person(t.Context(), nil, boris); err != nil || p.Contacts[0].Value != "boris@example.org" {
		t.Errorf("untouched: %+v, %v", p, err)
	}
}
