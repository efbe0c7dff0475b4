// Package oidc is the protocol side of Surety: OpenID Connect Core 1.0 over
// OAuth 2.0 (RFC 6749) as RFC 9700 tightens it. The package itself holds what
// its endpoints share: faults, forms, the pages they need. The endpoints are
// the packages below.
//
//	GET, POST /authorize     authorize  a code, an error, or the first page of an interaction
//	GET       /continue      authorize  the dispatcher that every page returns to
//	POST      /token         token      authorization_code, refresh_token, client_credentials
//	POST      /introspect    token      RFC 7662
//	POST      /revoke        token      RFC 7009
//	GET, POST /outcomes/...  token      what came of a request that was not met, once
//	GET, POST /userinfo      userinfo   OpenID Connect Core 1.0, section 5.3
//	GET, POST /logout        logout     OpenID Connect RP-Initiated Logout 1.0
//	POST      /events/poll   events     access tokens that were taken back (RFC 8936)
//	GET       /.well-known/openid-configuration, /jwks, /trustmark, /.well-known/ssf-configuration   metadata
//
// Package store fences in fosite, the library that reads and drives
// authorization and token requests. Package claims says who a person is for a
// client, which claims a scope stands for, and what tokens say. Package verified
// says what of a person was proven, and how. Package details
// reads which procedures a request is for. Nothing outside idp/oidc imports
// fosite, and OAuth error codes are made nowhere else.
//
// # A code flow
//
//	browser            authorize                 database            token           agency
//	  |-- GET /authorize ->|                         |                  |                |
//	  |                    |-- who is there -------->|                  |                |
//	  |                    |-- what was agreed ----->|                  |                |
//	  |                    |   interaction.Next: issue                  |                |
//	  |                    |-- grant, code, audit -->|                  |                |
//	  |<-- 303 code -------|                         |                  |                |
//	  |------------------------------------------------------------------- code ------->|
//	  |                                              |                  |<-- code -------|
//	  |                                              |<-- find ---------|                |
//	  |                                              |<-- use, tokens --|                |
//	  |                                              |                  |--- tokens ---->|
//
// Each arrow to the database is one round trip; tests count them. The last
// statement of each half checks again, and writes only if all of it still
// stands: a code works once, a session that ended a moment ago gives none.
//
// # Deviations
//
// Where we do otherwise than a specification says or suggests, and why.
//
//   - OpenID Connect Core 1.0, section 5.5: claims asked for in id_token come
//     from UserInfo. An ID token travels further than UserInfo's answer and
//     lives in logs; and minting it needs no decryption this way. verified_claims
//     come where they are asked for, because a signature is what some ask them
//     for: an ID token with them costs one round trip more.
//   - Core, section 6, and RFC 9101: request and request_uri are answered
//     request_not_supported and request_uri_not_supported, registration with
//     registration_not_supported; never ignored.
//   - Core, section 9: the aud of a client assertion is the issuer, as one
//     string, as FAPI 2.0 demands. The token endpoint's address is not taken: an
//     assertion that is good in two places can be carried from one to the other.
//   - Core, section 11: offline_access needs a consent that names it, not
//     prompt=consent every time. Clients that are registered for refresh_token
//     get refresh tokens without it too; those end with the session.
//   - Core, section 12: a refresh asks again for an essential acr, the client's
//     minimum and all that the procedures require on that day, their max_age
//     included; not for max_age of the request: that was a demand on the login at
//     that time. auth_time goes on telling the truth.
//   - Core, section 5.5.1.1, and Core Error Code unmet_authentication_requirements:
//     without a page (prompt=none) a requirement that the person could still meet
//     is login_required or interaction_required; the code
//     unmet_authentication_requirements is for what cannot be met, or was not.
//   - Core, section 3.1.2.1: unknown values of prompt, and an id_token_hint that
//     is not ours or for another client, are invalid_request. An expired hint is
//     good. A login made for the request itself satisfies a max_age of less than
//     a minute (interaction.Next says why).
//   - Core, section 5.4: there is no scope address, because there is nothing to
//     give yet. Scopes that nobody knows are ignored; those that exist and that
//     the client may not have are invalid_scope.
//   - OpenID Connect for Identity Assurance 1.0: verified_claims have a consent of
//     their own, beside that for each claim in them. An entry of evidence that
//     does not name its type is invalid_request, as is all that the published
//     request schema refuses; types that nobody knows fit nothing. A birth date of
//     which only the year is known is no verified claim, because the schemas take
//     none. Several requests for claims by one element may be answered by several,
//     where the values came from different proofings (package verified).
//   - RFC 6749, section 3.1.2.3: redirect_uri is always demanded, also of a client
//     that registered only one, and compared exactly.
//   - RFC 6749, section 4.1.2.1: error_uri names no page for people but what the
//     client may fetch about an unmet requirement, once, within ten minutes, with
//     its credentials. A client without any gets none.
//   - RFC 6749, section 4.1.3: a second use of a code ends the grant at once, also
//     when both uses arrive at the same moment. There is no grace.
//   - RFC 7009, section 2.1: revoking another client's token is answered 200
//     and does nothing, as for an unknown one, so that whoever found a token does
//     not learn that it is good.
//   - RFC 7662, section 2.1: a token is shown to its owner and its audience (a
//     client that is named in aud or registered for a resource that is); to all
//     others it is not active.
//   - RFC 8485, section 4: vot and vtm stand in the ID token alone. The trustmark is
//     our own, and JSON: the components of the appendix do not say what was done.
//   - RFC 8707: a token request without resource gives a token for all granted
//     resources and UserInfo; with resource for exactly those.
//   - RFC 8936, section 2.4, and OpenID Shared Signals Framework 1.0: streams are
//     not managed by an API; the operator registers a client (security_events), and
//     the endpoint is named in the transmitter's metadata, poll_endpoint, which is a
//     member of our own, as is grant in subjects. A poll waits twelve seconds at
//     most. An event that a client refuses does not come again.
//   - RFC 9396, sections 2 and 5: an entry has type and code, nothing else, and at
//     most ten are read. An empty list, an entry twice, and authorization_details
//     for client credentials are invalid_authorization_details. What was granted
//     names the agency besides; a token request may repeat it (section 6.1).
//   - RFC 9396, section 10: clients are not registered for types. Which procedures
//     one may ask for says the agency that it is registered for.
//   - RFC 9470, section 5: acr_values stay voluntary. A person who can reach what
//     they ask for at once is asked to, may go on without, and the token says so.
//   - RFC 9700, section 2.1.1: PKCE with S256 is demanded of every client, save
//     confidential ones that an operator registered to go without.
//   - FAPI 2.0, section 5.3.2.1, forbids rotating refresh tokens of clients that
//     are bound to a key. Nothing is bound to keys yet, so all rotate.
//   - OAuth 2.0 Multiple Response Type Encoding Practices: a response_mode that is
//     not supported is invalid_request.
package oidc
