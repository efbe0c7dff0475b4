// Package authorize is the authorization endpoint (OpenID Connect Core 1.0,
// section 3.1.2) and the dispatcher that every page of a sign-in returns to.
//
//	GET  /authorize  --+--> code at the redirect URI      (live session: no row, no page)
//	                   +--> error at the redirect URI
//	                   +--> error page                    (client or redirect URI not certain)
//	                   +--> opens an interaction, then a page:
//	                        /sign-in, /select-account, /terms/accept, /consent
//	POST /authorize  -----> opens an interaction, 303 to /continue
//	GET  /continue   -----> the same choices, for the interaction of this browser
//
// Which of them it is says interaction.Next alone. A code is issued by one
// statement that checks again everything Next looked at; when something of it
// no longer stands, Next is asked once more.
//
// A POST from another site carries no cookies (SameSite=Lax), so it is stored
// under a one-time claim, and the GET that follows, with cookies, takes it over.
package authorize
