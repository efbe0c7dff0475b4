// Package procedure is the pages of "what will I need?", each also as JSON for
// whoever prefers it:
//
//	GET /procedures                        agencies; with agency= what one offers; searchable (q=), paged (after=)
//	GET /procedures?for=me                 what is open to the person, a step away, needs proofing, or is not for them and why
//	GET /procedures/{agency}/{code}/path   what this person will need for this procedure
//
// The last two are about the person who is logged in; whoever is not logs in
// first and comes back. A program that shows a person's access token is
// answered elsewhere (Pages.Agency): a token is not a session.
package procedure
