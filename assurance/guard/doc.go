// Package guard stands in front of an agency's API and lets in a request only
// if its access token says enough: that Surety issued it, for this API, to a
// person who logged in surely and recently enough.
//
//	g, err := guard.New(guard.Config{
//		Issuer:   "https://id.example",        // as in Surety's metadata, letter for letter
//		Audience: "https://api.tax.example",   // this API, as registered with Surety
//		Log:      slog.Default(),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	declare := g.Require(guard.Requirement{
//		Level:  "https://id.example/acr/substantial", // or any higher one
//		MaxAge: 15 * time.Minute,                     // since the login
//		Scopes: []string{"tax:declare"},
//	})
//	http.Handle("POST /declarations", declare(http.HandlerFunc(
//		func(w http.ResponseWriter, r *http.Request) {
//			token, _ := guard.TokenFrom(r.Context())
//			fmt.Fprintln(w, "received from", token.Subject)
//		})))
//	log.Fatal(http.ListenAndServe("localhost:8080", nil))
//
// It links nothing but the standard library and go-jose.
//
// # What the client is told
//
//	no token                         401  Bearer realm="..."
//	two tokens, token in the URL     400  error="invalid_request"
//	forged, expired, for another API 401  error="invalid_token"
//	level too low, login too old     401  error="insufficient_user_authentication", acr_values="...", max_age="..."
//	scope missing                    403  error="insufficient_scope", scope="..."
//	keys cannot be had               503  Retry-After
//
// All are RFC 6750 but the fourth, which is the step-up challenge of RFC 9470:
// the client sends the person to Surety with the same acr_values and max_age,
// and comes back with a token that suffices. The challenge also names the
// scopes, so that one trip is enough. Where level and scope both fall short,
// the challenge comes first.
//
// # What a token must be
//
// A JWT access token (RFC 9068) in the Authorization header: typ "at+jwt",
// signed with ES256, RS256, PS256 or EdDSA by a key in Surety's key set, whose
// name (kid) and algorithm the token states. Issuer and audience are compared
// exactly, times with a tolerance of Config.Skew for two clocks that differ.
// Refused whatever else they say: ID tokens, "none", HMAC, headers that bring
// or point to a key of their own, tokens over 16 KiB, and tokens bound to a
// key (cnf): to let them in without the proof would undo the binding. Opaque
// tokens are not for this package; register the client for JWT ones.
//
// A token that no person stands behind (client credentials) never meets a
// Requirement with Level or MaxAge. It does meet one without: see
// Token.Person.
//
// # Keys
//
// They come from the provider's metadata document and the key set that it
// names, on the first request or by Guard.Ready. Both are kept as long as the
// provider allows, an hour at most, and asked for anew when a token names a
// key that is not among them, at most every 10 seconds. While the provider
// cannot be reached the last keys stay good, for a day; without keys every
// token that might be good is answered 503. Nothing is ever let in unchecked.
//
// # What it does not do
//
// It does not look into request bodies for tokens, answer CORS preflights (put
// CORS in front of it), or ask Surety whether a token was revoked: a token is
// good until it ends, five minutes at most. Refusals are logged at level debug
// by reason alone, failed fetches as warnings. No part of a token is ever
// logged or sent back.
package guard
