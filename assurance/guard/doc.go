// Package guard stands in front of an agency's API and lets in a request only
// if its access token says enough: that Surety issued it, for this API, to a
// person who logged in surely and recently enough, and who was let into the
// procedure that the request is about.
//
//	g, err := guard.New(guard.Config{
//		Issuer:   "https://id.example",       // as in Surety's metadata, letter for letter
//		Audience: "https://api.tax.example",  // this API, as registered with Surety
//		Log:      slog.Default(),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	declare := g.Require(guard.Requirement{
//		Procedure: "3.77.01",       // was asked for and granted
//		MaxAge:    5 * time.Minute, // since the login
//	})
//	http.Handle("POST /declarations", declare(http.HandlerFunc(
//		func(w http.ResponseWriter, r *http.Request) {
//			token, _ := guard.TokenFrom(r.Context())
//			fmt.Fprintln(w, "received from", token.Subject)
//		})))
//	log.Fatal(http.ListenAndServe("localhost:8080", nil))
//
// It links nothing but the standard library and go-jose. For an API that is not
// written in Go there is command idp guard (package proxy), and for whoever
// writes a guard in another language testdata/vectors.json.
//
// # What the client is told
//
//	no token                         401  Bearer realm="..."
//	two tokens, token in the URL     400  error="invalid_request"
//	forged, expired, for another API 401  error="invalid_token"
//	revoked                          401  error="invalid_token"
//	procedure not granted            401  error="insufficient_user_authentication", procedure="..."
//	level too low, login too old     401  error="insufficient_user_authentication", acr_values="...", max_age="..."
//	granted for another agency       403  error="insufficient_scope"
//	scope missing                    403  error="insufficient_scope", scope="..."
//	keys cannot be had               503  Retry-After
//
// All are RFC 6750 but the fifth and sixth, which are the step-up challenge of
// RFC 9470: the client sends the person to Surety with the same acr_values and
// max_age, and comes back with a token that suffices. The parameter procedure
// is Surety's own: the client sends it back as
//
//	authorization_details=[{"type":"procedure","code":"..."}]
//
// The challenge names everything that is required, the scopes too, so that one
// trip is enough. Where several things fall short, it comes first.
//
// # Procedures and levels
//
// A procedure is met by its grant alone: an entry of type procedure with its
// code among the token's authorization_details, in the hands of a person, and a
// login not older than MaxAge. Surety grants it only to who meets what is
// registered for it; a level, however high, never stands in for it, because a
// procedure may ask for more than a level (no letter, a current document, a
// capacity). A requirement of level and age alone is met by acr and auth_time.
//
// Codes are each agency's own. Where clients of several agencies may come, set
// Requirement.Agency. An entry with a member besides type, code and agency
// counts for nothing: it may say less than is seen.
//
// # What a token must be
//
// A JWT access token (RFC 9068) in the Authorization header: typ "at+jwt",
// signed with ES256, RS256, PS256 or EdDSA by a key in Surety's key set, whose
// name (kid) and algorithm the token states. Issuer and audience are compared
// exactly, times with a tolerance of Config.Skew for two clocks that differ.
// Refused whatever else they say: ID tokens, "none", HMAC, headers that bring
// or point to a key of their own, tokens over 16 KiB, authorization_details of
// more than 64 entries or 8 KiB, and tokens bound to a key (cnf): to let them in
// without the proof would undo the binding. Opaque tokens are not for this
// package; register the client for JWT ones.
//
// A token that no person stands behind (client credentials) never meets a
// Requirement with Procedure, Level or MaxAge. It does meet one without: see
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
// A token whose signature held is remembered, so that it costs little when it
// comes again; everything else about it is asked anew.
//
// # Revocations
//
// By itself a guard asks nobody whether a token was revoked: it is good until
// it ends, five minutes at most. With Config.Revocations it hears of it within
// a second, in Security Event Tokens (RFC 8417, typ "secevent+jwt") that are
// signed with Surety's keys and have the agency's client as their audience:
//
//	go r.Poll(ctx)                 // long poll at ISSUER/events/poll (RFC 8936); the client has security_events=poll
//	http.Handle("POST /events", r) // and, or, pushed by Surety (RFC 8935)
//
// Followed are CAEP's session-revoked and assurance-level-change (unless the
// level rose). What sub_id names is touched, the narrowest first:
//
//	{"format":"jwt_id","iss":ISSUER,"jti":JTI}                            that token
//	{"format":"complex","grant":{"format":"opaque","id":GRANT},...}       tokens whose jti begins with GRANT and a dot
//	{"format":"complex","session":{"format":"opaque","id":SID},...}       tokens with that sid
//	{"format":"iss_sub","iss":ISSUER,"sub":SUB}, or as "user" in complex  tokens of that person
//
// and of those the tokens issued not later than event_timestamp (else toe, else
// iat): who logs in again is let in again, and a repeated event changes nothing.
// All is forgotten when no token from before can be alive; older tokens than
// RevocationsConfig.Lifetime are refused. There is room for 100,000 revocations;
// when more come at once, all tokens issued until then are refused, and clients
// get new ones.
//
// While polling fails, the guard goes on as if there were none of this, because
// tokens end by themselves; the log says so, and Guard.Ready does (ErrUnheard).
// With FailClosedAfter every token is answered 503 instead, after that time and
// until the first answer. An endpoint must answer within 50 seconds. Each
// process polls a stream of its own, so that what one acknowledges the others
// hear as well, and one that starts hears of the last minutes. An API hears of
// the tokens of the client it polls as: where several clients may come, it needs
// a Revocations, and a guard, for each.
//
// # What it does not do
//
// It does not look into request bodies for tokens, or answer CORS preflights
// (put CORS in front of it). Refusals are logged at level debug by reason
// alone, failed fetches as warnings. No part of a token is ever logged or sent
// back.
package guard
