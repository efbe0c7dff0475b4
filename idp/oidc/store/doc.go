// Package store fences in fosite: the unit of work of one request, relying
// parties as fosite sees them, and the provider made of handlers named one by
// one.
//
// fosite parses and checks requests and drives the pipeline of handlers. What
// it does badly or slowly is replaced (FOSITE.md A7, A8, A9): client
// authentication, token formats, signatures, the code, refresh and client
// credentials handlers, and every store. Its configuration is built once and
// answers the same to every request.
package store
