// Package session holds a browser session as a plain value: who is logged in,
// by which acts (assurance.Use), and when it ends (RULES R11).
//
// A session ends by itself when nobody used it for a while (idle), after a
// fixed time (absolute), or by a reason that is recorded. It stores no level:
// the level is decided anew from its uses in every request.
package session
