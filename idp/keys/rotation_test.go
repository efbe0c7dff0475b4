package keys_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"surety/idp/keys"

	"pgregory.net/rapid"
)

const day = 24 * time.Hour

var quarterly = keys.Rotation{Algorithms: []string{keys.ES256}, Age: 90 * day}

// apply does to a list of keys what the store does to its rows.
func apply(t testing.TB, all []keys.SigningKey, at time.Time, changes []keys.Change) []keys.SigningKey {
	t.Helper()
	all = slices.Clone(all)
	for _, c := range changes {
		i := slices.IndexFunc(all, func(k keys.SigningKey) bool { return k.KID == c.KID })
		switch c.Kind {
		case keys.ChangeCreate:
			key, err := keys.NewSigningKey(c.Algorithm, at)
			if err != nil {
				t.Fatal(err)
			}
			key.PublishedAt, key.ActiveAt = c.PublishedAt, c.ActiveAt
			all = append(all, key)
		case keys.ChangeActivate:
			all[i].ActiveAt = c.ActiveAt
		case keys.ChangeSchedule:
			all[i].RetiredAt, all[i].GoneAt = c.RetiredAt, c.GoneAt
		case keys.ChangeRemove:
			all = slices.Delete(all, i, i+1)
		default:
			t.Fatalf("unknown change %q", c.Kind)
		}
	}
	return all
}

func setAt(t testing.TB, all []keys.SigningKey, at time.Time) *keys.Set {
	t.Helper()
	set, err := keys.NewSet(all, at)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestPlan_FirstStartSignsAtOnce(t *testing.T) {
	t.Parallel()
	rule := keys.Rotation{Algorithms: keys.Algorithms()}
	all := apply(t, nil, now, keys.Plan(nil, now, rule))
	if got := setAt(t, all, now).Signs(); !slices.Equal(got, keys.Algorithms()) {
		t.Errorf("signs %v", got)
	}
	if again := keys.Plan(all, now.Add(1000*day), rule); len(again) != 0 {
		t.Errorf("without an age a key was followed: %v", again)
	}
}

func TestPlan_ByAge(t *testing.T) {
	t.Parallel()
	all := apply(t, nil, now, keys.Plan(nil, now, quarterly))
	if early := keys.Plan(all, now.Add(89*day-1), quarterly); len(early) != 0 {
		t.Errorf("too early: %v", early)
	}
	at := now.Add(89 * day)
	changes := keys.Plan(all, at, quarterly)
	activation := now.Add(90 * day)
	want := []keys.Change{
		{Kind: keys.ChangeCreate, Algorithm: keys.ES256, PublishedAt: at, ActiveAt: activation},
		{Kind: keys.ChangeSchedule, Algorithm: keys.ES256, KID: all[0].KID, RetiredAt: activation, GoneAt: activation.Add(65*time.Minute + 10*time.Second)},
	}
	if !slices.Equal(changes, want) {
		t.Fatalf("%+v", changes)
	}
	all = apply(t, all, at, changes)
	if again := keys.Plan(all, at.Add(time.Hour), quarterly); len(again) != 0 {
		t.Errorf("planned twice: %v", again)
	}
	if command := keys.PlanNext(all, at.Add(time.Hour), quarterly, keys.ES256); len(command) != 0 {
		t.Errorf("a second successor by command: %v", command)
	}
	if gone := keys.Plan(all, want[1].GoneAt, quarterly); len(gone) != 1 || gone[0].Kind != keys.ChangeRemove || gone[0].KID != all[0].KID {
		t.Errorf("what is gone is not removed: %v", gone)
	}
}

// A system that slept through the change does not let an unknown key sign.
func TestPlan_LateStillPublishesFirst(t *testing.T) {
	t.Parallel()
	all := apply(t, nil, now, keys.Plan(nil, now, quarterly))
	late := now.Add(200 * day)
	changes := keys.Plan(all, late, quarterly)
	if len(changes) != 2 || !changes[0].ActiveAt.Equal(late.Add(day)) || !changes[1].RetiredAt.Equal(late.Add(day)) {
		t.Errorf("%+v", changes)
	}
}

func TestPlanNext_ByCommand(t *testing.T) {
	t.Parallel()
	rule := keys.Rotation{Algorithms: []string{keys.ES256}}
	if first := keys.PlanNext(nil, now, rule, keys.EdDSA); len(first) != 1 || !first[0].ActiveAt.Equal(now) {
		t.Errorf("first key by command: %v", first)
	}
	all := apply(t, nil, now, keys.Plan(nil, now, rule))
	at := now.Add(time.Hour)
	all = apply(t, all, at, keys.PlanNext(all, at, rule, keys.ES256))
	if setAt(t, all, at.Add(day-1)).ActiveKID(keys.ES256) != all[0].KID || setAt(t, all, at.Add(day)).ActiveKID(keys.ES256) != all[1].KID {
		t.Error("the successor does not sign from a day after the command on")
	}
}

func TestPlanRevoke(t *testing.T) {
	t.Parallel()
	rule := keys.Rotation{Algorithms: []string{keys.ES256}}
	only := apply(t, nil, now, keys.Plan(nil, now, rule))
	pair := apply(t, only, now, keys.PlanNext(only, now, rule, keys.ES256))
	at := now.Add(time.Hour)

	t.Run("the only key", func(t *testing.T) {
		t.Parallel()
		stolen := sign(t, setAt(t, only, at), keys.ES256, "JWT")
		after := setAt(t, apply(t, only, at, keys.PlanRevoke(only, at, only[0].KID)), at)
		if kid := after.ActiveKID(keys.ES256); kid == "" || kid == only[0].KID {
			t.Errorf("active: %q", kid)
		}
		if _, _, err := after.Verify(stolen, "JWT"); !errors.Is(err, keys.ErrToken) {
			t.Errorf("a token of the revoked key passed: %v", err)
		}
	})
	t.Run("with a successor waiting", func(t *testing.T) {
		t.Parallel()
		after := apply(t, pair, at, keys.PlanRevoke(pair, at, pair[0].KID))
		if len(after) != 2 || setAt(t, after, at).ActiveKID(keys.ES256) != pair[1].KID {
			t.Errorf("the successor did not take over: %v", after)
		}
	})
	t.Run("the successor", func(t *testing.T) {
		t.Parallel()
		after := apply(t, pair, at, keys.PlanRevoke(pair, at, pair[1].KID))
		after = apply(t, after, at, keys.Plan(after, at, rule))
		if setAt(t, after, at).ActiveKID(keys.ES256) != pair[0].KID {
			t.Error("the signing key lost its part")
		}
		end := pair[0].RetiredAt
		if kid := setAt(t, after, end).ActiveKID(keys.ES256); kid == "" || kid == pair[1].KID {
			t.Errorf("after the end of the first key: %q", kid)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		if changes := keys.PlanRevoke(pair, at, "nobody"); len(changes) != 0 {
			t.Errorf("%v", changes)
		}
	})
}

// For any schedule of sweeps and commands, short of revocation: some key always
// signs; a token verifies everywhere until it ends; and a client that fetched
// the JWKS within the last hour already has the key.
func TestPlan_NoTokenIsEverLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rule := keys.Rotation{
			Algorithms: []string{keys.ES256},
			Age:        time.Duration(rapid.IntRange(1, 20).Draw(rt, "age in days")) * day,
			Lead:       time.Duration(rapid.IntRange(2, 30).Draw(rt, "lead in hours")) * time.Hour,
		}
		at := now
		all := apply(t, nil, at, keys.Plan(nil, at, rule))
		var issued []struct {
			token string
			ends  time.Time
		}
		var fetched []*keys.Set // what clients hold: the sets of the last hour
		var fetchedAt []time.Time
		for step := range rapid.IntRange(10, 60).Draw(rt, "steps") {
			if step > 0 && rapid.IntRange(0, 9).Draw(rt, "command") == 0 {
				all = apply(t, all, at, keys.PlanNext(all, at, rule, keys.ES256))
			}
			all = apply(t, all, at, keys.Plan(all, at, rule))
			set := setAt(t, all, at)
			token, err := set.Sign(keys.ES256, "JWT", claims)
			if err != nil {
				rt.Fatalf("nobody signs at %v: %v", at, err)
			}
			issued = append(issued, struct {
				token string
				ends  time.Time
			}{token, at.Add(5 * time.Minute)})
			for i, client := range fetched {
				if at.Sub(fetchedAt[i]) <= time.Hour {
					if _, _, err := client.Verify(token, "JWT"); err != nil {
						rt.Fatalf("a client that fetched %v ago lacks the key", at.Sub(fetchedAt[i]))
					}
				}
			}
			for _, old := range issued {
				if _, _, err := set.Verify(old.token, "JWT"); !old.ends.Before(at) && err != nil {
					rt.Fatalf("a token died %v before its end: %v", old.ends.Sub(at), err)
				}
			}
			fetched, fetchedAt = append(fetched, set), append(fetchedAt, at)
			at = at.Add(time.Duration(rapid.IntRange(1, 6*3600).Draw(rt, "seconds until the next step")) * time.Second)
		}
		if len(all) > 4 {
			rt.Fatalf("%d keys pile up", len(all))
		}
	})
}

func BenchmarkRing(b *testing.B) {
	ring := keys.NewRing()
	context, plain := []byte("account/0193f6e2/email"), []byte("somebody@example.org")
	sealed := ring.Seal("bench", context, plain)
	dataKey, wrapped, err := ring.NewDataKey(context)
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func(){
		"Seal":          func() { ring.Seal("bench", context, plain) },
		"Open":          func() { _, _ = ring.Open("bench", context, sealed) },
		"Fingerprint":   func() { ring.Fingerprint("bench", context, plain) },
		"UnwrapDataKey": func() { _, _ = ring.UnwrapDataKey(context, wrapped) },
		"DataKeySeal":   func() { dataKey.Seal("email", context, plain) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkToken(b *testing.B) {
	set := newSet(b, allKeys()...)
	payload := fmt.Appendf(nil, `{"iss":"https://id.example","sub":"%064d","aud":["x"],"exp":1,"iat":1,"acr":"y"}`, 7)
	for _, alg := range keys.Algorithms() {
		b.Run("Sign"+alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = set.Sign(alg, "at+jwt", payload)
			}
		})
		token, err := set.Sign(alg, "at+jwt", payload)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("Verify"+alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = set.Verify(token, "at+jwt")
			}
		})
	}
}
