// Package cluster runs a private PostgreSQL from the binaries of the machine:
// for the sandbox (durable, in its data folder) and for tests (without fsync).
//
// PostgreSQL refuses to run as root, so as root the server runs as the user
// postgres or nobody and owns the data directory; otherwise it runs as
// whoever calls. Clients come in by a Unix socket whose directory only that
// user (and root) may enter, so the socket trusts them; the optional loopback
// port asks for a password.
//
// A server never outlives the process that started it by more than a moment:
// a small guard waits for the end of a pipe that only the starter holds open
// and then stops the server, also when the starter was killed. A server left
// over all the same is adopted by the next Start on the same data.
package cluster
