// Package claims says what tokens say: who a person is for a client (Subjects),
// which claims a scope stands for (Names), what the claims parameter asks for
// (ParseRequest), which values a person has for them (Values), and how an
// access token is written and read (Access).
//
// It decides nothing about levels: acr, amr and auth_time come from the grant,
// and there from assurance.Decide.
package claims
