// Package clients holds no code, only the proof that a client library which
// knows nothing of Surety gets along with it: coreos/go-oidc and x/oauth2 do
// the code flow with PKCE, check the ID token, refresh, ask UserInfo and log
// out, against a running house and through a browser. npm's openid-client does
// the same in idp/idptest/browser.
package clients
