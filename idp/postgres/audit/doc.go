// Package audit stores audited events and seals them (the rules are in
// idp/audit, imported here as chain).
//
// Append writes events in the caller's transaction. A statement that must stay
// one round trip writes its event itself, as a part of it: Columns and Values
// give the row. Batch collects events that have no transaction to ride in and
// writes them four times a second. Sealer binds what was written into the
// chain, Verify checks it from the first seal on.
package audit
