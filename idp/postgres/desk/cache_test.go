package desk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/idptest"
	"surety/idp/postgres/db"
	"surety/idp/postgres/desk"
)

func agency(t *testing.T, id idp.ClientID) *client.Client {
	t.Helper()
	c, err := client.New(id, client.Metadata{
		Names: client.Localized{"": "Tax Office"}, RedirectURIs: []string{"https://tax.example/cb"},
	}, idptest.Start)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type cacheBench struct {
	db    *idptest.DB
	store *desk.Clients
	cache *desk.ClientCache
	clock *idptest.Clock
}

func setupCache(t *testing.T) *cacheBench {
	t.Helper()
	b := &cacheBench{db: idptest.Database(t), clock: idptest.NewClock(idptest.Start)}
	b.store = desk.NewClients(b.db.DB)
	b.cache = desk.NewClientCache(b.store, b.clock.Now)
	return b
}

func (b *cacheBench) write(t *testing.T, f func(ctx context.Context, tx idp.Tx) error) {
	t.Helper()
	if err := b.db.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// trips counts the round trips of one look-up.
func (b *cacheBench) trips(t *testing.T, id idp.ClientID) (*client.Client, int, error) {
	t.Helper()
	ctx, n := db.Count(t.Context())
	c, err := b.cache.Client(ctx, id)
	return c, n.Trips(), err
}

func TestClientCache_AnswersFromMemoryForFiveSeconds(t *testing.T) {
	t.Parallel()
	b := setupCache(t)
	b.write(t, func(ctx context.Context, tx idp.Tx) error { return b.store.Insert(ctx, tx, agency(t, "tax")) })
	for i, want := range []int{1, 0, 0} {
		if c, n, err := b.trips(t, "tax"); err != nil || n != want || c.ID != "tax" {
			t.Errorf("look-up %d: %d round trips, %v", i, n, err)
		}
	}
	// What is not there is remembered too.
	for i, want := range []int{1, 0} {
		if _, n, err := b.trips(t, "nobody"); idp.CodeOf(err) != idp.CodeNotFound || n != want {
			t.Errorf("unknown, look-up %d: %d round trips, %v", i, n, err)
		}
	}
	b.clock.Advance(5 * time.Second)
	if _, n, err := b.trips(t, "tax"); err != nil || n != 1 {
		t.Errorf("after five seconds: %d round trips, %v", n, err)
	}
}

func TestClientCache_IsToldOfChanges(t *testing.T) {
	t.Parallel()
	b := setupCache(t)
	b.write(t, func(ctx context.Context, tx idp.Tx) error { return b.store.Insert(ctx, tx, agency(t, "tax")) })
	heard := make(chan string, 8)
	go b.db.Listen(t.Context(), desk.ClientChanged, func(id string) {
		b.cache.Forget(id)
		heard <- id
	})
	<-heard // connected
	if _, _, err := b.trips(t, "tax"); err != nil {
		t.Fatal(err)
	}
	b.write(t, func(ctx context.Context, tx idp.Tx) error {
		c, err := b.store.ForUpdate(ctx, tx, "tax")
		if err != nil {
			return err
		}
		c.DisabledAt = idptest.Start
		return b.store.Update(ctx, tx, c)
	})
	if got := <-heard; got != "tax" {
		t.Fatalf("heard %q", got)
	}
	if c, n, err := b.trips(t, "tax"); err != nil || n != 1 || !c.Disabled() {
		t.Errorf("%d round trips, %+v, %v", n, c, err)
	}
}

func TestClientCache_DatabaseDown(t *testing.T) {
	t.Parallel()
	b := setupCache(t)
	b.write(t, func(ctx context.Context, tx idp.Tx) error { return b.store.Insert(ctx, tx, agency(t, "tax")) })
	if _, _, err := b.trips(t, "tax"); err != nil {
		t.Fatal(err)
	}
	back := b.db.Lose(t)
	if _, _, err := b.trips(t, "tax"); err != nil {
		t.Errorf("a client from memory: %v", err)
	}
	if _, _, err := b.trips(t, "other"); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("a client not in memory: %v", err)
	}
	back()
	// That nothing was known is not remembered as "there is none".
	if _, _, err := b.trips(t, "other"); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("when it is back: %v", err)
	}
}

// Anybody can make up client ids; they must not fill the memory.
func TestClientCache_IsBounded(t *testing.T) {
	t.Parallel()
	b := setupCache(t)
	for i := range 4200 {
		if _, err := b.cache.Client(t.Context(), idp.ClientID(fmt.Sprint("made-up-", i))); idp.CodeOf(err) != idp.CodeNotFound {
			t.Fatal(err)
		}
	}
	if _, n, err := b.trips(t, "made-up-0"); n != 1 || err == nil {
		t.Errorf("4200 unknown ids are all remembered (%d round trips)", n)
	}
}

// Two commands at once: one adds the client, the other is told.
func TestClients_SameIDTwice(t *testing.T) {
	t.Parallel()
	b := setupCache(t)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			errs <- b.db.InTx(t.Context(), func(ctx context.Context, tx idp.Tx) error {
				return b.store.Insert(ctx, tx, agency(t, "tax"))
			})
		}()
	}
	added := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			added++
		case idp.CodeOf(err) != idp.CodeConflict:
			t.Error(err)
		}
	}
	if added != 1 {
		t.Errorf("added %d times", added)
	}
}
