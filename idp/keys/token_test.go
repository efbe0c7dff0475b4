package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp/keys"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"
)

var (
	now    = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	claims = []byte(`{"iss":"https://id.example","sub":"a"}`)
	// allKeys are made once: RSA keys are slow to find.
	allKeys = sync.OnceValue(func() (all []keys.SigningKey) {
		for _, alg := range keys.Algorithms() {
			all = append(all, activeKey(alg))
		}
		return all
	})
)

func activeKey(alg string) keys.SigningKey {
	key, err := keys.NewSigningKey(alg, now)
	if err != nil {
		panic(err)
	}
	key.PublishedAt, key.ActiveAt = now, now
	return key
}

func newSet(t testing.TB, all ...keys.SigningKey) *keys.Set {
	t.Helper()
	set, err := keys.NewSet(all, now)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func sign(t testing.TB, set *keys.Set, alg, typ string) string {
	t.Helper()
	token, err := set.Sign(alg, typ, claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestToken_SignAndVerify(t *testing.T) {
	t.Parallel()
	set := newSet(t, allKeys()...)
	if !slices.Equal(set.Signs(), keys.Algorithms()) {
		t.Errorf("signs %v", set.Signs())
	}
	for _, key := range allKeys() {
		token := sign(t, set, key.Algorithm, "at+jwt")
		payload, header, err := set.Verify(token, "JWT", "at+jwt")
		if err != nil || string(payload) != string(claims) {
			t.Errorf("%s: %q, %v", key.Algorithm, payload, err)
		}
		if want := (keys.Header{Algorithm: key.Algorithm, KID: key.KID, Type: "at+jwt"}); header != want {
			t.Errorf("%s: header %+v", key.Algorithm, header)
		}
		if set.ActiveKID(key.Algorithm) != key.KID {
			t.Errorf("%s: active is %q", key.Algorithm, set.ActiveKID(key.Algorithm))
		}
	}
}

// Another implementation, given only the published JWKS, takes our tokens.
func TestToken_OthersVerify(t *testing.T) {
	t.Parallel()
	set := newSet(t, allKeys()...)
	var published jose.JSONWebKeySet
	if err := json.Unmarshal(set.JWKS(), &published); err != nil {
		t.Fatal(err)
	}
	for _, key := range allKeys() {
		parsed, err := jose.ParseSignedCompact(sign(t, set, key.Algorithm, "logout+jwt"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(key.Algorithm)})
		if err != nil {
			t.Fatal(key.Algorithm, err)
		}
		head := parsed.Signatures[0].Protected
		if head.KeyID != key.KID || head.ExtraHeaders[jose.HeaderType] != "logout+jwt" {
			t.Errorf("%s: header %+v", key.Algorithm, head)
		}
		payload, err := parsed.Verify(published.Key(head.KeyID)[0])
		if err != nil || string(payload) != string(claims) {
			t.Errorf("%s: %q, %v", key.Algorithm, payload, err)
		}
	}
}

func TestSet_JWKSHasPublicHalvesOnly(t *testing.T) {
	t.Parallel()
	gone, future := activeKey(keys.ES256), activeKey(keys.ES256)
	gone.RetiredAt, gone.GoneAt = now.Add(-time.Hour), now
	future.PublishedAt, future.ActiveAt = now.Add(time.Second), now.Add(time.Hour)
	set := newSet(t, append(slices.Clone(allKeys()), gone, future)...)
	var document struct{ Keys []map[string]string }
	if err := json.Unmarshal(set.JWKS(), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Keys) != len(allKeys()) {
		t.Errorf("%d keys published", len(document.Keys))
	}
	kids := map[string]bool{}
	for _, key := range document.Keys {
		if key["kid"] == "" || kids[key["kid"]] || key["use"] != "sig" || !slices.Contains(keys.Algorithms(), key["alg"]) {
			t.Errorf("key %v", key)
		}
		kids[key["kid"]] = true
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if _, leaked := key[private]; leaked {
				t.Errorf("private member %q published", private)
			}
		}
	}
	if empty := newSet(t); string(empty.JWKS()) != `{"keys":[]}` {
		t.Errorf("empty set: %s", empty.JWKS())
	}
}

func TestSet_RefusesUnfitKeys(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	live := keys.SigningKey{KID: "k", PublishedAt: now, ActiveAt: now}
	for name, key := range map[string]keys.SigningKey{
		"weak RSA":      with(live, keys.RS256, weak),
		"P-384":         with(live, keys.ES256, p384),
		"RSA as ES256":  with(live, keys.ES256, allKeys()[1].Private),
		"EC as RS256":   with(live, keys.RS256, allKeys()[0].Private),
		"unknown":       with(live, "HS256", allKeys()[0].Private),
		"none":          with(live, "none", allKeys()[0].Private),
		"without a key": live,
	} {
		if _, err := keys.NewSet([]keys.SigningKey{key}, now); !errors.Is(err, keys.ErrAlgorithm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := activeKey(keys.ES256)
	if _, err := keys.NewSet([]keys.SigningKey{twice, twice}, now); err == nil {
		t.Error("a kid that stands there twice was accepted")
	}
	if _, err := keys.NewSigningKey("HS256", now); !errors.Is(err, keys.ErrAlgorithm) {
		t.Errorf("made a key for HS256: %v", err)
	}
}

func with(key keys.SigningKey, alg string, private crypto.Signer) keys.SigningKey {
	key.Algorithm, key.Private = alg, private
	return key
}

// forge makes a token with any header, signed by f.
func forge(header string, f func(input []byte) []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(header)) + "." + b64(claims)
	return input + "." + b64(f([]byte(input)))
}

func TestToken_AttacksFail(t *testing.T) {
	t.Parallel()
	all := allKeys()
	es, rs := all[0], all[1]
	set := newSet(t, all...)
	stranger := newSet(t, activeKey(keys.ES256))
	rsaDER, err := x509.MarshalPKIXPublicKey(rs.Public)
	if err != nil {
		t.Fatal(err)
	}
	hs := func(secret []byte) func([]byte) []byte {
		return func(input []byte) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write(input)
			return mac.Sum(nil)
		}
	}
	// A true signature by our RSA key under a header of the attacker's choice:
	// as if some other part of the house signed what it is given.
	signed := func(input []byte) []byte {
		digest := sha256.Sum256(input)
		signature, err := rsa.SignPKCS1v15(nil, rs.Private.(*rsa.PrivateKey), crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	none := func([]byte) []byte { return nil }
	head := func(alg, kid, rest string) string {
		return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"%s}`, alg, kid, rest)
	}
	good := sign(t, set, keys.ES256, "at+jwt")
	parts := strings.Split(good, ".")
	rsParts := strings.Split(sign(t, set, keys.RS256, "at+jwt"), ".")
	for name, token := range map[string]string{
		"empty":                         "",
		"dots":                          "..",
		"one part":                      parts[0],
		"two parts":                     parts[0] + "." + parts[1],
		"four parts":                    good + "." + parts[2],
		"five parts, like JWE":          good + "." + parts[2] + "." + parts[2],
		"no signature":                  parts[0] + "." + parts[1] + ".",
		"no claims":                     parts[0] + ".." + parts[2],
		"alg none":                      forge(head("none", es.KID, ""), none),
		"alg None":                      forge(head("None", es.KID, ""), none),
		"alg none, true signature":      forge(head("none", rs.KID, ""), signed),
		"public key as HMAC secret":     forge(head("HS256", rs.KID, ""), hs(rsaDER)),
		"JWKS as HMAC secret":           forge(head("HS256", rs.KID, ""), hs(set.JWKS())),
		"HMAC under alg RS256":          forge(head("RS256", rs.KID, ""), hs(rsaDER)),
		"RS256 key used for PS256":      forge(head("PS256", rs.KID, ""), signed),
		"RS256 signature, kid of PS256": forge(head("PS256", all[2].KID, ""), signed),
		"RS256 signature, kid of ES256": forge(head("RS256", es.KID, ""), signed),
		"ES256 header, RS256 signature": parts[0] + "." + parts[1] + "." + rsParts[2],
		"kid of nobody":                 forge(head("RS256", "nobody", ""), signed),
		"kid missing":                   forge(`{"alg":"RS256","typ":"at+jwt"}`, signed),
		"kid twice":                     forge(head("RS256", "nobody", `,"kid":"`+rs.KID+`"`), signed),
		"embedded jwk":                  forge(head("RS256", rs.KID, `,"jwk":{"kty":"RSA"}`), signed),
		"jku":                           forge(head("RS256", rs.KID, `,"jku":"https://evil.example"`), signed),
		"crit":                          forge(head("RS256", rs.KID, `,"crit":["b64"],"b64":false`), signed),
		"spaces in header":              forge(" "+head("RS256", rs.KID, ""), signed),
		"stranger's key":                sign(t, stranger, keys.ES256, "at+jwt"),
		"claims of another token":       parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"b"}`)) + "." + parts[2],
		"zero signature":                parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86),
		"half a signature":              parts[0] + "." + parts[1] + "." + parts[2][:43],
		"padded":                        good + "==",
		"line break":                    parts[0] + "." + parts[1] + "." + parts[2][:10] + "\n" + parts[2][10:],
		"break in claims":               parts[0] + "." + parts[1][:10] + "\r\n" + parts[1][10:] + "." + parts[2],
		"space before":                  " " + good,
		"JSON form":                     `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"oversize":                      parts[0] + "." + strings.Repeat("A", keys.MaxToken) + "." + parts[2],
	} {
		if payload, header, err := set.Verify(token, "at+jwt"); !errors.Is(err, keys.ErrToken) || payload != nil || header != (keys.Header{}) {
			t.Errorf("%s: accepted, or other error: %q, %v", name, payload, err)
		}
	}
	for _, allowed := range [][]string{{}, {"JWT"}, {"logout+jwt", "AT+JWT", ""}} {
		if _, _, err := set.Verify(good, allowed...); !errors.Is(err, keys.ErrToken) {
			t.Errorf("an access token passed for %q: %v", allowed, err)
		}
	}
	if _, err := set.Sign(keys.ES256, "at+jwt", make([]byte, keys.MaxToken)); err == nil {
		t.Error("made a token that nobody would take")
	}
}

// A signature has one spelling: the last character's unused bits must be zero,
// or one token could be told apart from itself in a list of revoked ones.
func TestToken_ChangedInAnyPlaceFails(t *testing.T) {
	t.Parallel()
	set := newSet(t, allKeys()...)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"
	for _, alg := range keys.Algorithms() {
		token := sign(t, set, alg, "at+jwt")
		rapid.Check(t, func(t *rapid.T) {
			changed := []byte(token)
			i := rapid.IntRange(0, len(token)-1).Draw(t, "place")
			changed[i] = rapid.SampledFrom([]byte(alphabet)).Draw(t, "character")
			if string(changed) == token {
				return
			}
			if _, _, err := set.Verify(string(changed), "at+jwt"); !errors.Is(err, keys.ErrToken) {
				t.Fatalf("%s: a changed token passed: %v", alg, err)
			}
		})
		for cut := range len(token) {
			if _, _, err := set.Verify(token[:cut], "at+jwt"); !errors.Is(err, keys.ErrToken) {
				t.Fatalf("%s: cut at %d: %v", alg, cut, err)
			}
		}
	}
}

// Of many signatures some have halves with leading zeros: they stay 64 bytes.
func TestToken_ECDSAHalvesKeepTheirLength(t *testing.T) {
	t.Parallel()
	set := newSet(t, allKeys()...)
	for i := range 600 {
		token := sign(t, set, keys.ES256, "at+jwt")
		if at := strings.LastIndexByte(token, '.'); len(token)-at-1 != 86 {
			t.Fatalf("signature of %d characters", len(token)-at-1)
		}
		if _, _, err := set.Verify(token, "at+jwt"); err != nil {
			t.Fatal(i, err)
		}
	}
}

func TestSet_TimesDecideWhatAKeyDoes(t *testing.T) {
	t.Parallel()
	old, next := activeKey(keys.ES256), activeKey(keys.ES256)
	old.PublishedAt, old.ActiveAt = now.Add(-90*24*time.Hour), now.Add(-89*24*time.Hour)
	next.PublishedAt, next.ActiveAt = now, now.Add(24*time.Hour)
	old.RetiredAt, old.GoneAt = next.ActiveAt, next.ActiveAt.Add(keys.DefaultLinger)
	all := []keys.SigningKey{next, old}
	for _, step := range []struct {
		at        time.Duration
		active    string
		published int
		until     time.Duration // 0: no change is planned
	}{
		{-time.Second, old.KID, 1, 0},
		{0, old.KID, 2, 24 * time.Hour},
		{24*time.Hour - 1, old.KID, 2, 24 * time.Hour},
		{24 * time.Hour, next.KID, 2, 24*time.Hour + keys.DefaultLinger},
		{24*time.Hour + keys.DefaultLinger - 1, next.KID, 2, 24*time.Hour + keys.DefaultLinger},
		{24*time.Hour + keys.DefaultLinger, next.KID, 1, 0},
	} {
		set, err := keys.NewSet(all, now.Add(step.at))
		if err != nil {
			t.Fatal(err)
		}
		until := now.Add(step.until)
		if step.at < 0 {
			until = now // the publication of the next key
		} else if step.until == 0 {
			until = time.Time{}
		}
		if set.ActiveKID(keys.ES256) != step.active || strings.Count(string(set.JWKS()), `"kid"`) != step.published || !set.Until().Equal(until) {
			t.Errorf("at %v: active %s, until %v, %s", step.at, set.ActiveKID(keys.ES256), set.Until(), set.JWKS())
		}
	}
	retired := old
	retired.RetiredAt, retired.GoneAt = now, now.Add(time.Hour)
	if _, err := newSet(t, retired).Sign(keys.ES256, "JWT", claims); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("a retired key signed: %v", err)
	}
	if _, _, err := newSet(t, retired).Verify(sign(t, newSet(t, activeOf(retired)), keys.ES256, "JWT"), "JWT"); err != nil {
		t.Errorf("a retired key no longer verifies: %v", err)
	}
}

func activeOf(key keys.SigningKey) keys.SigningKey {
	key.RetiredAt, key.GoneAt = time.Time{}, time.Time{}
	return key
}

func TestSigningKey_SealedInItsRow(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	for _, key := range allKeys() {
		sealed, err := ring.SealSigningKey(key)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := ring.OpenSigningKey(key.KID, key.Algorithm, sealed)
		if err != nil {
			t.Fatal(key.Algorithm, err)
		}
		opened.PublishedAt, opened.ActiveAt = now, now
		token := sign(t, newSet(t, opened), key.Algorithm, "JWT")
		if _, _, err := newSet(t, key).Verify(token, "JWT"); err != nil {
			t.Errorf("%s: not the same key: %v", key.Algorithm, err)
		}
		for name, row := range map[string][2]string{
			"other kid": {"x" + key.KID, key.Algorithm}, "other alg": {key.KID, "PS512"}, "shifted": {key.KID + " " + key.Algorithm, ""},
		} {
			if _, err := ring.OpenSigningKey(row[0], row[1], sealed); !errors.Is(err, keys.ErrOpen) {
				t.Errorf("%s, %s: %v", key.Algorithm, name, err)
			}
		}
		next, err := ring.WithSealKey("k2")
		if err != nil {
			t.Fatal(err)
		}
		resealed, changed, err := next.ResealSigningKey(key.KID, key.Algorithm, sealed)
		if err != nil || !changed || !next.Current(resealed) {
			t.Errorf("reseal: %v, %v", changed, err)
		}
		if _, err := next.OpenSigningKey(key.KID, key.Algorithm, resealed); err != nil {
			t.Errorf("resealed: %v", err)
		}
	}
}

func TestLeftHalf(t *testing.T) {
	t.Parallel()
	// The example of OpenID Connect Core, appendix A.3.
	if got := keys.LeftHalf(keys.RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"); got != "77QmUPtjPfzWtF2AnpK9RQ" {
		t.Errorf("RS256: %s", got)
	}
	// Ed25519 takes SHA-512: half of it is 32 bytes.
	if got := keys.LeftHalf(keys.EdDSA, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"); len(got) != 43 || keys.HashFor(keys.EdDSA) != crypto.SHA512 {
		t.Errorf("EdDSA: %s", got)
	}
	if keys.LeftHalf("none", "x") != "" || keys.HashFor("HS256") != 0 {
		t.Error("a hash for an algorithm that is not ours")
	}
}

func FuzzVerify(f *testing.F) {
	set, err := keys.NewSet(allKeys(), now)
	if err != nil {
		f.Fatal(err)
	}
	for _, alg := range keys.Algorithms() {
		f.Add(sign(f, set, alg, "JWT"))
	}
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		if _, _, err := set.Verify(token, "JWT"); err != nil && !errors.Is(err, keys.ErrToken) {
			t.Fatal(err)
		}
	})
}
