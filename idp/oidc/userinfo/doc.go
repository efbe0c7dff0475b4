// Package userinfo is the UserInfo endpoint (OpenID Connect Core 1.0, section
// 5.3): an agency that holds an access token for Surety itself gets the
// person's values, those that request and consent both cover and no others.
//
// A request costs one round trip: one statement reads the grant, everything
// that decides whether it still holds, and the sealed values.
package userinfo
