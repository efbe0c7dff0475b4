// Package proxy puts assurance/guard in front of an API that is not written in
// Go: as a reverse proxy, or as the endpoint that nginx, Traefik or Envoy ask
// about each request. Command idp guard is made of it.
//
// # Routes
//
// A table says which paths are open, with which methods, and what a token must
// say for each. What is not in the table is refused. A path is compared in one
// form only: one that is written in another (dots, double or encoded slashes,
// parameters) is refused before it is compared, and one that an API might take
// for a better guarded one (other case, a slash or an ending more) is refused
// as well. Routes says how patterns are written and which goes first.
//
// # What the API is told
//
// Everything that claims to know who is there is taken out of a request from
// outside (strip lists it), and X-Surety-Assertion is put in: a JWT of half a
// minute, signed with a key of this proxy's own and bound to method and path.
// X-Surety-Subject and the others say the same in plain words, for an API that
// nothing but the proxy can reach. On a public route there is none of them,
// whatever token came along. The access token itself stays here, unless
// PassToken.
//
// # What it does not do
//
// It does not upgrade connections, cache, balance, or look into bodies: a method
// that an API takes from a form (_method) is one that the route did not check,
// so ask the same of every writing method of such an API.
package proxy
