// Package procedure holds what an agency publishes about its public services:
// a code, titles, the requirement that a person must meet, what data goes to
// the agency and on what basis, where the service begins, and how one gets it
// without an account (DESIGN §2, RULES R1, R10). Values and rules only: what
// keeps them and what asks for them is elsewhere.
//
// A procedure is published in versions. Each is valid from a moment of civil
// time until another; the one whose time it is counts, whatever a request's
// URL says. A new requirement can so be announced before it holds.
package procedure
