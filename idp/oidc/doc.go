// Package oidc is the protocol side of Surety (OpenID Connect Core 1.0,
// OAuth 2.0): what its endpoints share. The endpoints are the packages below.
//
//	/authorize, /continue   idp/oidc/authorize
//	/token, /introspect,
//	/revoke                 idp/oidc/token
//	/userinfo               idp/oidc/userinfo
//	/logout                 idp/oidc/logout
//	/.well-known/..., JWKS  idp/oidc/metadata
//
// Package store fences in fosite, the library that parses and drives
// authorization and token requests; package claims says which claims a scope
// stands for and who a person is for a client. Nothing outside idp/oidc
// imports fosite.
package oidc
