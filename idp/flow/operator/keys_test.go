package operator_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/flow/operator"
	"surety/idp/keys"
	"surety/idp/postgres/desk"

	"github.com/google/go-cmp/cmp"
)

func TestTendKeys_MakesOneOfEachOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// Many workers begin at once; each algorithm still gets one key.
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := b.TendKeys(b.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := b.SigningKeys(b.ctx)
	b.must(err)
	by := map[string]int{}
	for _, k := range all {
		by[k.Algorithm]++
		if k.Private != nil {
			t.Error("a list of keys holds private halves")
		}
	}
	if diff := cmp.Diff(map[string]int{"ES256": 1, "RS256": 1, "PS256": 1, "EdDSA": 1}, by); diff != "" {
		t.Error(diff)
	}
	if got := b.audited(); len(got) != 4 || got[0] != "key.created" {
		t.Errorf("events %v", got)
	}
}

func TestKeysRotateByAgeWithADayOfNotice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.TendKeys(b.ctx)
	b.must(err)
	set, err := desk.OpenKeySet(b.ctx, b.keys, b.ring, b.clock.Now, slog.New(slog.DiscardHandler))
	b.must(err)
	first := set.Set().ActiveKID(keys.ES256)
	old, err := set.Set().Sign(keys.ES256, "JWT", []byte(`{}`))
	b.must(err)

	b.clock.Advance(89 * 24 * time.Hour)
	changes, err := b.TendKeys(b.ctx)
	b.must(err)
	if len(changes) != 8 { // a successor and an end for each of four
		t.Fatalf("%d changes: %+v", len(changes), changes)
	}
	b.must(set.Reload(b.ctx))
	if set.Set().ActiveKID(keys.ES256) != first {
		t.Error("the successor signs before clients could know it")
	}
	b.clock.Advance(24 * time.Hour)
	b.must(set.Reload(b.ctx))
	if set.Set().ActiveKID(keys.ES256) == first {
		t.Error("the successor does not sign on its day")
	}
	if _, _, err := set.Set().Verify(old, "JWT"); err != nil {
		t.Errorf("a token of the key before does not verify any more: %v", err)
	}
	b.clock.Advance(2 * time.Hour)
	changes, err = b.TendKeys(b.ctx)
	b.must(err)
	if len(changes) != 4 || changes[0].Kind != keys.ChangeRemove || b.count("signing_key") != 4 {
		t.Errorf("%d keys after %+v", b.count("signing_key"), changes)
	}
}

func TestRotateKey_ByCommand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.TendKeys(b.ctx)
	b.must(err)
	changes, err := b.RotateKey(b.ctx, operator.ActorCommand, keys.ES256, false)
	b.must(err)
	if len(changes) != 2 || changes[0].KID == "" || !changes[0].ActiveAt.Equal(b.clock.Now().Add(24*time.Hour)) {
		t.Errorf("changes %+v", changes)
	}
	if again, err := b.RotateKey(b.ctx, operator.ActorCommand, keys.ES256, false); err != nil || len(again) != 0 {
		t.Errorf("a second successor: %+v, %v", again, err)
	}
	if _, err := b.RotateKey(b.ctx, operator.ActorCommand, "HS256", false); idp.CodeOf(err) != idp.CodeInvalid {
		t.Errorf("HS256: %v", err)
	}
}

func TestRevokeKey_LeavesTheJWKSAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.TendKeys(b.ctx)
	b.must(err)
	set, err := desk.OpenKeySet(b.ctx, b.keys, b.ring, b.clock.Now, slog.New(slog.DiscardHandler))
	b.must(err)
	stolen := set.Set().ActiveKID(keys.ES256)
	token, err := set.Set().Sign(keys.ES256, "JWT", []byte(`{}`))
	b.must(err)
	_, err = b.RevokeKey(b.ctx, operator.ActorCommand, stolen, false)
	b.must(err)
	b.must(set.Reload(b.ctx))
	if _, _, err := set.Set().Verify(token, "JWT"); err == nil {
		t.Error("a token of the revoked key still verifies")
	}
	if now := set.Set().ActiveKID(keys.ES256); now == "" || now == stolen {
		t.Errorf("%q signs now", now)
	}
	if _, err := b.RevokeKey(b.ctx, operator.ActorCommand, stolen, false); idp.CodeOf(err) != idp.CodeNotFound {
		t.Errorf("revoked twice: %v", err)
	}
}

// Keys sealed under another ring must not be passed over in silence.
func TestKeySet_RefusesAnotherRing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.TendKeys(b.ctx)
	b.must(err)
	if _, err := desk.OpenKeySet(b.ctx, b.keys, keys.NewRing(), b.clock.Now, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("keys of another ring were opened")
	}
}

// A change in one process reaches another without anybody asking.
func TestKeySet_IsToldOfChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.TendKeys(b.ctx)
	b.must(err)
	set, err := desk.OpenKeySet(b.ctx, b.keys, b.ring, b.clock.Now, slog.New(slog.DiscardHandler))
	b.must(err)
	before := string(set.Set().JWKS())
	go set.Run(b.ctx, b.db)
	_, err = b.RotateKey(b.ctx, operator.ActorCommand, keys.EdDSA, false)
	b.must(err)
	deadline := time.After(10 * time.Second)
	for string(set.Set().JWKS()) == before {
		select {
		case <-deadline:
			t.Fatal("the new key did not arrive")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
