// Package approval is the pages on which a person agrees: to what an agency
// receives (/consent) and to the terms of use (/terms, /terms/accept).
//
// The consent page shows the values that will be sent, not only their names.
// Both pages are steps of a pending request and return to its dispatcher.
package approval
