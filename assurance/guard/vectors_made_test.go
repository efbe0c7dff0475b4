package guard_test

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"strings"
)

// vectorMaker collects vectors. What is expected of each is written down here
// by hand: nothing is taken from what the guard answers.
type vectorMaker struct {
	file           vectorFile
	es, rs, ps, ed signer
	claims         members
}

// challenge is a WWW-Authenticate, taken apart.
func (m *vectorMaker) challenge(code string, more members) map[string]string {
	params := map[string]string{"scheme": "Bearer", "realm": m.file.Audience}
	if code != "" {
		params["error"] = code
	}
	for name, value := range more {
		params[name] = value.(string)
	}
	return params
}

// add notes a vector; a header of "" is none.
func (m *vectorMaker) add(name string, q vectorRequirement, authorization string, status int, code string, more members) {
	v := vector{Name: name, Requirement: q, Target: "/", Authorization: []string{}, Status: status}
	if authorization != "" {
		v.Authorization = append(v.Authorization, authorization)
	}
	if status != 200 {
		v.Challenge = m.challenge(code, more)
	}
	m.file.Cases = append(m.file.Cases, v)
}

// good and bad are tokens that any requirement-free handler lets in, or not.
func (m *vectorMaker) good(name, token string) {
	m.add(name, vectorRequirement{}, "Bearer "+token, 200, "", nil)
}

func (m *vectorMaker) bad(name, token string) {
	// The requirement is not met either: the token's fault comes first.
	q := vectorRequirement{Procedure: "3.77.01", Level: high, Scopes: []string{"tax:declare"}}
	m.add(name, q, "Bearer "+token, 401, "invalid_token", nil)
}

func (m *vectorMaker) with(more members) string { return m.es.token(m.claims.with(more)) }

func (m *vectorMaker) head(more members) string {
	return compact(m.es.header().with(more), m.claims, m.es.sign)
}

// makeVectors makes all vectors with new keys.
func makeVectors() vectorFile {
	const issuer, now = "https://id.example", 1_777_809_600
	all := accepted()
	m := &vectorMaker{
		file: vectorFile{
			About:  "Test vectors for guards of APIs behind Surety. README.md beside this file says how to use them.",
			Issuer: issuer, Audience: api, Levels: levels, Skew: 10, Now: now,
		},
		es: all["ES256"], rs: all["RS256"], ps: all["PS256"], ed: all["EdDSA"],
		claims: members{
			"iss": issuer, "aud": api, "sub": "pairwise-subject", "client_id": "portal-client", "jti": "grant.token",
			"iat": now - 20, "exp": now + 280, "auth_time": now - 60, "acr": substantial, "amr": []string{"pwd", "otp", "mfa"},
			"method": "otp", "sid": "session", "scope": "openid tax:read",
		},
	}
	m.file.JWKS = text(members{"keys": []any{m.es.jwk(), m.rs.jwk(), m.ps.jwk(), m.ed.jwk()}})
	m.ways()
	m.headers()
	m.keys()
	m.times()
	m.claimsOf()
	m.requirements()
	m.procedures()
	m.details()
	return m.file
}

// ways are how a token comes.
func (m *vectorMaker) ways() {
	token, none := m.with(nil), vectorRequirement{}
	m.add("no token", none, "", 401, "", nil)
	m.add("Basic authentication", none, "Basic cG9ydGFsOnNlY3JldA==", 401, "", nil)
	m.add("a DPoP token", none, "DPoP "+token, 401, "", nil)
	m.add("Bearer alone", none, "Bearer ", 400, "invalid_request", nil)
	m.add("two tokens in one header", none, "Bearer "+token+", Bearer "+token, 400, "invalid_request", nil)
	m.add("scheme in lower case", none, "bearer "+token, 200, "", nil)
	m.add("token in the URL", none, "Bearer "+token, 400, "invalid_request", nil)
	m.file.Cases[len(m.file.Cases)-1].Target = "/?access_token=" + token
	m.add("two headers", none, "Bearer "+token, 400, "invalid_request", nil)
	last := &m.file.Cases[len(m.file.Cases)-1]
	last.Authorization = append(last.Authorization, "Bearer "+token)
}

// headers are tokens whose header is good or not.
func (m *vectorMaker) headers() {
	m.good("ES256", m.with(nil))
	m.good("RS256", m.rs.token(m.claims))
	m.good("PS256", m.ps.token(m.claims))
	m.good("EdDSA", m.ed.token(m.claims))
	m.good("typ with application/", m.head(members{"typ": "application/at+jwt"}))
	m.good("a header that means nothing", m.head(members{"x5t": "abc"}))
	m.bad("typ missing", m.head(members{"typ": nil}))
	m.bad("an ID token", m.head(members{"typ": "JWT"}))
	m.bad("a logout token", m.head(members{"typ": "logout+jwt"}))
	m.bad("a security event", m.head(members{"typ": "secevent+jwt"}))
	m.bad("alg missing", m.head(members{"alg": nil}))
	m.bad("alg none", compact(m.es.header().with(members{"alg": "none"}), m.claims, unsigned))
	m.bad("alg None, with a signature", m.head(members{"alg": "None"}))
	m.bad("alg ES384", m.head(members{"alg": "ES384"}))
	m.bad("alg in lower case", m.head(members{"alg": "es256"}))
	m.bad("alg twice", compact(`{"alg":"ES256","typ":"at+jwt","kid":"key-ES256","alg":"none"}`, m.claims, m.es.sign))
	m.bad("crit", m.head(members{"crit": []string{"exp"}}))
	m.bad("b64", m.head(members{"b64": false, "crit": []string{"b64"}}))
	m.bad("zip", m.head(members{"zip": "DEF"}))
	m.bad("header is a list", compact(`["ES256"]`, m.claims, m.es.sign))
	m.bad("header nested deep", compact(`{"alg":`+strings.Repeat("[", 3000), m.claims, m.es.sign))
	parts := strings.Split(m.with(nil), ".")
	m.bad("header with padding", parts[0]+"=."+parts[1]+"."+parts[2])
	m.bad("two parts", parts[0]+"."+parts[1])
	m.bad("four parts", strings.Join(parts, ".")+".e30")
	m.bad("a JWT in a JWT", compact(m.es.header().with(members{"cty": "JWT"}), m.with(nil), m.es.sign))
	m.bad("opaque", "c29tZXRoaW5n")
	m.bad("longer than 16 KiB", m.with(members{"padding": strings.Repeat("x", 16<<10)}))
}

// keys are tokens under wrong keys.
func (m *vectorMaker) keys() {
	stranger := newSigner(m.es.kid, "ES256")
	der, err := x509.MarshalPKIXPublicKey(m.rs.private.Public())
	if err != nil {
		panic(err)
	}
	hmac := members{"alg": "HS256", "typ": "at+jwt", "kid": m.rs.kid}
	parts := strings.Split(m.with(nil), ".")
	m.bad("re-signed by a stranger", stranger.token(m.claims))
	m.bad("claims changed", parts[0]+"."+part(text(m.claims.with(members{"acr": high})))+"."+parts[2])
	m.bad("signature missing", parts[0]+"."+parts[1]+".")
	m.bad("signature of zeros", parts[0]+"."+parts[1]+"."+part(make([]byte, 64)))
	m.bad("signature in ASN.1", compact(m.es.header(), m.claims, func(b []byte) []byte { return append([]byte{0x30, 0x44}, m.es.sign(b)...) }))
	m.bad("HMAC with the public key in PEM", compact(hmac, m.claims, hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))))
	m.bad("HMAC with the public key in DER", compact(hmac, m.claims, hs256(der)))
	m.bad("HMAC with the JWK", compact(hmac, m.claims, hs256(text(m.rs.jwk()))))
	m.bad("kid unknown", m.head(members{"kid": "key-nobody"}))
	m.bad("kid missing", m.head(members{"kid": nil}))
	m.bad("kid of a key of another kind", m.head(members{"kid": m.rs.kid}))
	m.bad("kid is a path", m.head(members{"kid": "../../../dev/null"}))
	m.bad("RS256 key used with PS256", signer{m.rs.kid, "PS256", m.rs.private}.token(m.claims))
	own := func(more members) string { return compact(stranger.header().with(more), m.claims, stranger.sign) }
	m.bad("jwk in the header", own(members{"jwk": stranger.jwk()}))
	m.bad("jwk in the header, well signed", m.head(members{"jwk": m.es.jwk()}))
	m.bad("jku", own(members{"jku": "https://evil.example/jwks", "kid": "mine"}))
	m.bad("x5u", own(members{"x5u": "https://evil.example/certificate"}))
	m.bad("x5c", own(members{"x5c": []string{"MIIB"}}))
}

// times stand around the clock.
func (m *vectorMaker) times() {
	now := m.file.Now
	m.good("ended within the tolerance", m.with(members{"exp": now - 9}))
	m.good("issued ahead within the tolerance", m.with(members{"iat": now + 10}))
	m.good("nbf passed", m.with(members{"nbf": now - 1}))
	m.bad("expired", m.with(members{"exp": now - 10}))
	m.bad("expired long ago", m.with(members{"exp": now - 86400}))
	m.bad("exp missing", m.with(members{"exp": nil}))
	m.bad("exp is a text", m.with(members{"exp": "1777809900"}))
	m.bad("exp beyond all dates", m.with(members{"exp": 1e300}))
	m.bad("iat missing", m.with(members{"iat": nil}))
	m.bad("issued in the future", m.with(members{"iat": now + 11}))
	m.bad("not good yet", m.with(members{"nbf": now + 11}))
	m.bad("logged in in the future", m.with(members{"auth_time": now + 11}))
}

// claimsOf are the other claims.
func (m *vectorMaker) claimsOf() {
	m.good("several audiences", m.with(members{"aud": []string{"https://id.example", api}}))
	m.good("a claim that means nothing", m.with(members{"org": members{"a": 1}}))
	m.good("client credentials", m.with(members{"sub": "portal-client", "acr": nil, "amr": nil, "auth_time": nil, "sid": nil, "method": nil}))
	m.bad("another issuer", m.with(members{"iss": "https://id.evil.example"}))
	m.bad("issuer with a slash", m.with(members{"iss": "https://id.example/"}))
	m.bad("another audience", m.with(members{"aud": "https://api.other.example"}))
	m.bad("audience is the client", m.with(members{"aud": "portal-client"}))
	m.bad("audience with a slash", m.with(members{"aud": api + "/"}))
	m.bad("audience missing", m.with(members{"aud": nil}))
	m.bad("audience in a list in a list", m.with(members{"aud": []any{[]string{api}}}))
	m.bad("bound to a DPoP key", m.with(members{"cnf": members{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}))
	m.bad("bound to a certificate", m.with(members{"cnf": members{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}))
	m.bad("bound to nothing", m.with(members{"cnf": members{}}))
	m.bad("subject missing", m.with(members{"sub": nil}))
	m.bad("client missing", m.with(members{"client_id": nil}))
	m.bad("token id missing", m.with(members{"jti": nil}))
	m.bad("acr is a list", m.with(members{"acr": []string{high}}))
	whole := string(text(m.claims))
	m.bad("acr twice", compact(m.es.header(), whole[:len(whole)-1]+`,"acr":"`+high+`"}`, m.es.sign))
	m.bad("member names in capitals", m.with(members{"aud": nil, "AUD": api}))
	m.bad("more after the claims", compact(m.es.header(), whole+"{}", m.es.sign))
	m.bad("claims are not JSON", compact(m.es.header(), "claims", m.es.sign))
}

// requirements are of level, age and scope.
func (m *vectorMaker) requirements() {
	const stepUp = "insufficient_user_authentication"
	sub, top := vectorRequirement{Level: substantial}, vectorRequirement{Level: high}
	aged := vectorRequirement{MaxAge: 300}
	m.add("level met", sub, "Bearer "+m.with(nil), 200, "", nil)
	m.add("level met by a higher one", sub, "Bearer "+m.with(members{"acr": high}), 200, "", nil)
	m.add("level short", top, "Bearer "+m.with(nil), 401, stepUp, members{"acr_values": high})
	m.add("level of elsewhere", vectorRequirement{Level: basic}, "Bearer "+m.with(members{"acr": "urn:other:highest"}), 401, stepUp, members{"acr_values": basic})
	m.add("level without acr", vectorRequirement{Level: basic}, "Bearer "+m.with(members{"acr": nil}), 401, stepUp, members{"acr_values": basic})
	m.add("age met", aged, "Bearer "+m.with(members{"auth_time": m.file.Now - 310}), 200, "", nil)
	m.add("age short", aged, "Bearer "+m.with(members{"auth_time": m.file.Now - 311}), 401, stepUp, members{"max_age": "300"})
	m.add("age without auth_time", aged, "Bearer "+m.with(members{"auth_time": nil}), 401, stepUp, members{"max_age": "300"})
	full := vectorRequirement{Level: high, MaxAge: 300, Scopes: []string{"tax:read", "tax:declare"}}
	m.add("level, age and scope short", full, "Bearer "+m.with(members{"auth_time": 1}), 401, stepUp,
		members{"acr_values": high, "max_age": "300", "scope": "tax:read tax:declare"})
	m.add("scope short", full, "Bearer "+m.with(members{"acr": high}), 403, "insufficient_scope", members{"scope": "tax:read tax:declare"})
	m.add("all met", full, "Bearer "+m.with(members{"acr": high, "scope": "tax:declare tax:read"}), 200, "", nil)
}

// procedures are what was granted, and what was not.
func (m *vectorMaker) procedures() {
	const code, stepUp = "3.77.01", "insufficient_user_authentication"
	q, ours := vectorRequirement{Procedure: code}, vectorRequirement{Procedure: code, Agency: "tax"}
	aged := vectorRequirement{Procedure: code, MaxAge: 300}
	granted := func(entries ...any) members { return members{"authorization_details": entries} }
	entry, asks := procedureEntry(code, "tax"), members{"procedure": code}
	both := maps.Clone(asks)
	both["max_age"] = "300"
	bearer := func(more members) string { return "Bearer " + m.with(more) }
	m.add("procedure granted", q, bearer(granted(entry)), 200, "", nil)
	m.add("procedure granted by its agency", ours, bearer(granted(entry)), 200, "", nil)
	m.add("procedure granted beside other types", q, bearer(granted(members{"type": "acting_for", "code": 7}, entry)), 200, "", nil)
	m.add("procedure granted, login fresh", aged, bearer(granted(entry)), 200, "", nil)
	m.add("procedure granted, login old", aged, bearer(granted(entry).with(members{"auth_time": m.file.Now - 311})), 401, stepUp, both)
	m.add("procedure not granted, at the highest level", q, bearer(members{"acr": high}), 401, stepUp, asks)
	m.add("another procedure", q, bearer(granted(procedureEntry("3.77.02", "tax"))), 401, stepUp, asks)
	m.add("no procedures", q, bearer(members{"authorization_details": []any{}}), 401, stepUp, asks)
	m.add("procedure narrowed by an unknown member", q, bearer(granted(entry.with(members{"until": 1}))), 401, stepUp, asks)
	m.add("procedure without a person", q, "Bearer "+m.es.token(m.claims.with(members{"auth_time": nil}).with(granted(entry))), 401, stepUp, asks)
	m.add("procedure of another agency", ours, bearer(granted(procedureEntry(code, "police"))), 403, "insufficient_scope", nil)
	m.add("procedure of no agency", ours, bearer(granted(members{"type": "procedure", "code": code})), 403, "insufficient_scope", nil)
}

// details are lists that no provider writes.
func (m *vectorMaker) details() {
	whole := string(text(m.claims))
	with := func(details string) string {
		return compact(m.es.header(), whole[:len(whole)-1]+`,"authorization_details":`+details+"}", m.es.sign)
	}
	entry := string(text(procedureEntry("3.77.01", "tax")))
	m.bad("details are an object", with(entry))
	m.bad("details are null", with("null"))
	m.bad("details are a text", with(`"3.77.01"`))
	m.bad("details hold a text", with(`["3.77.01"]`))
	m.bad("details without type", with(`[{"code":"3.77.01"}]`))
	m.bad("details without code", with(`[{"type":"procedure"}]`))
	m.bad("details with a number for a code", with(`[{"type":"procedure","code":3}]`))
	m.bad("details with a member twice", with(`[{"type":"procedure","code":"1","code":"3.77.01"}]`))
	m.bad("details with 65 entries", with("["+strings.Repeat(entry+",", 64)+entry+"]"))
	m.bad("details nested deep", with(strings.Repeat("[", 3000)))
	m.bad("details twice", compact(m.es.header(), whole[:len(whole)-1]+`,"authorization_details":[],"authorization_details":[`+entry+`]}`, m.es.sign))
}
