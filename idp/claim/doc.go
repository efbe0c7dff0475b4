// Package claim is the catalogue of what agencies can get about a person
// (RULES R10): the names of the scopes and claims, and which claims a scope
// stands for. Tokens, consent and published procedures all read it here, so
// that nothing can be promised in one place that another does not know.
package claim
