package interaction

import (
	"surety/consent"
	"surety/idp"
)

// Question is what the request asks of the account's owner: what a consent
// must cover. The dispatcher and the consent page ask the same question, or
// they would send a person back and forth.
func (r Request) Question(account idp.AccountID) consent.Request {
	return consent.Request{AccountID: account, ClientID: r.ClientID, Scopes: r.Scopes, Claims: r.ConsentClaims, Shown: r.LawClaims}
}
