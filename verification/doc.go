// Package verification is about who a person is, as opposed to how they log
// in: the person as a document names them, and, with the verification of
// identities, documents, evidence, proofings and the case, the state machine
// that leads from a claim to a proofing (DESIGN §5). It knows rules only: no
// database, no clock, no registry.
//
// A person's own words come first: NewName takes a name as it stands in a
// document and refuses only what no document can hold (RULES R8). Nothing that
// people state about themselves is evidence; better evidence replaces it later
// (RULES R2).
package verification
