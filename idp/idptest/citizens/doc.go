// Package citizens wires the use cases of citizens over a real database, real
// hashes, real texts and the real outbox, for tests: World, and the steps that
// most stories begin with.
package citizens
