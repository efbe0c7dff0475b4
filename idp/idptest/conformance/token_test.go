package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// tokens are what came of a flow.
type tokens struct {
	access, refresh, hint string
	scope                 string
	id                    object // claims of the ID token
	person                object // claims of userinfo
	code                  string
}

// redeem turns a code into tokens and asks for the person's claims.
func (r *rp) redeem(answer, request url.Values) tokens {
	r.Helper()
	if !answer.Has("code") {
		r.Fatalf("no code: %v", answer)
	}
	var pkce []string
	if request.Has("code_challenge") {
		pkce = []string{"code_verifier", verifier}
	}
	got := r.exchange(answer.Get("code"), pkce...)
	t := r.read(got, request.Get("nonce"))
	t.code = answer.Get("code")
	return t
}

// read holds a token response to section 0.
func (r *rp) read(got reply, nonce string) tokens {
	r.Helper()
	r.wantJSON(got, http.StatusOK)
	if got.Header.Get("Cache-Control") != "no-store" {
		r.Errorf("Cache-Control %q", got.Header.Get("Cache-Control"))
	}
	t := tokens{access: got.text("access_token"), refresh: got.text("refresh_token"), hint: got.text("id_token"), scope: got.text("scope")}
	lives, isNumber := got.json["expires_in"].(float64)
	if !strings.EqualFold(got.text("token_type"), "Bearer") || !isNumber || lives <= 0 {
		r.Errorf("token_type %q, expires_in %v", got.text("token_type"), got.json["expires_in"])
	}
	if len(t.access) < secretLength || !tokenText(t.access) || !tokenText(t.refresh) || t.refresh != "" && len(t.refresh) < secretLength {
		r.Errorf("access token %q, refresh token %q", t.access, t.refresh)
	}
	if slices.Contains(strings.Fields(t.scope), "openid") {
		t.id = r.checkIDToken(t, nonce)
		t.person = r.checkUserInfo(r.get(r.endpoint("userinfo_endpoint"), "Authorization", "Bearer "+t.access), t.id["sub"])
	}
	return t
}

// secretLength is the length of 128 random bits in base64url.
const secretLength = 22

// verify opens a JWT with the key of the provider that its kid names.
func (o *op) verify(token string, alg string) (header jose.Header, claims object) {
	o.Helper()
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		o.Fatalf("not a JWT signed with %s: %v: %s", alg, err, token)
	}
	header = signed.Signatures[0].Protected
	found := o.keys.Key(header.KeyID)
	if header.KeyID == "" || len(found) != 1 {
		o.Fatalf("the key set has %d keys with kid %q", len(found), header.KeyID)
	}
	payload, err := signed.Verify(found[0].Key)
	if err != nil {
		o.Fatalf("signature: %v", err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		o.Fatal(err)
	}
	return header, claims
}

// personal are the claims that belong into userinfo and nowhere else.
var personal = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "patronymic", "profile", "picture", "website", "gender", "birthdate", "zoneinfo",
	"locale", "updated_at", "email", "email_verified", "phone_number", "phone_number_verified", "address",
}

// skew is how far iat may be from now.
const skew = 5 * time.Minute

func (r *rp) checkIDToken(t tokens, nonce string) object {
	r.Helper()
	_, id := r.verify(t.hint, r.alg)
	now := r.world.Now()
	number := func(name string) time.Time {
		r.Helper()
		seconds, ok := id[name].(float64)
		if !ok {
			r.Errorf("%s is %v", name, id[name])
		}
		return time.Unix(int64(seconds), 0)
	}
	if id["iss"] != r.world.Issuer || id["aud"] != r.id && fmt.Sprint(id["aud"]) != "["+r.id+"]" {
		r.Errorf("iss %v, aud %v", id["iss"], id["aud"])
	}
	if !number("exp").After(now) || number("iat").Sub(now).Abs() > skew {
		r.Errorf("exp %v, iat %v at %v", number("exp"), number("iat"), now)
	}
	if number("auth_time").After(now) {
		r.Errorf("auth_time %v lies in the future of %v", number("auth_time"), now)
	}
	sent, there := id["nonce"]
	if nonce == "" && there || nonce != "" && sent != nonce {
		r.Errorf("nonce %v, want %q", sent, nonce)
	}
	sub, _ := id["sub"].(string)
	if sub == "" || len(sub) > 255 || !printable(sub) {
		r.Errorf("sub %v", id["sub"])
	}
	if acr, _ := id["acr"].(string); acr == "" {
		r.Errorf("acr %v", id["acr"])
	}
	if azp, there := id["azp"]; there && azp != r.id {
		r.Errorf("azp %v", azp)
	}
	if hash, there := id["at_hash"]; there && hash != leftHalf(r.alg, t.access) {
		r.Errorf("at_hash %v, want %s", hash, leftHalf(r.alg, t.access))
	}
	for _, claim := range personal {
		if _, there := id[claim]; there {
			r.Errorf("the ID token tells %s; it belongs into userinfo", claim)
		}
	}
	return id
}

// checkUserInfo holds an answer of userinfo to section 0.
func (r *rp) checkUserInfo(got reply, sub any) object {
	r.Helper()
	r.wantJSON(got, http.StatusOK)
	if got.Header.Get("Date") == "" || got.Header.Get("Cache-Control") != "no-store" {
		r.Errorf("userinfo with Date %q, Cache-Control %q", got.Header.Get("Date"), got.Header.Get("Cache-Control"))
	}
	if got.json["sub"] != sub {
		r.Errorf("userinfo is about %v, the ID token about %v", got.json["sub"], sub)
	}
	for name, value := range got.json {
		want := "string"
		switch name {
		case "email_verified", "phone_number_verified":
			want = "bool"
		case "updated_at":
			want = "float64"
		case "address", "verified_claims":
			want = "map[string]interface {}"
		}
		if fmt.Sprintf("%T", value) != want || value == "" {
			r.Errorf("userinfo has %s %#v, want a %s with something in it", name, value, want)
		}
	}
	return got.json
}

// has fails if claims of userinfo are missing.
func (t tokens) has(o *op, claims ...string) {
	o.Helper()
	for _, c := range claims {
		if _, there := t.person[c]; !there {
			o.Errorf("userinfo has no %s: %v", c, t.person)
		}
	}
}

// leftHalf is at_hash (OpenID Connect Core 1.0, section 3.1.3.6); for EdDSA
// with Ed25519 the hash is SHA-512.
func leftHalf(alg, token string) string {
	sum := sha256.Sum256([]byte(token))
	half := sum[:16]
	if alg == "EdDSA" {
		long := sha512.Sum512([]byte(token))
		half = long[:32]
	}
	return base64.RawURLEncoding.EncodeToString(half)
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// strength says why a key of the provider is too weak, or nothing.
func strength(k jose.JSONWebKey) string {
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return "RSA with fewer than 2048 bits"
		}
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return "not on P-256"
		}
	}
	return ""
}

// claimsOf reads a JWT without looking at its signature.
func claimsOf(t testing.TB, token string) (header, claims object) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %s", token)
	}
	for i, into := range []*object{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}
