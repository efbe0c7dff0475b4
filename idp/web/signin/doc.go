// Package signin is the pages on which a person comes in:
//
//	/                  home for who is not signed in
//	/sign-in           login name and password, or a passkey
//	/sign-in/passkey   a passkey, when the first try did not work
//	/sign-in/sms       a number, then /code
//	/select-account    whom to go on as
//	/register          contact, then /code or /link, /used, /details, /done
//	/recover           contact, then /code or /link, /password, /done
//	/signed-out        after logging out
//
// Every page that belongs to a pending authorization request carries its id
// as the parameter interaction and ends at the dispatcher, which knows the
// next step. A page whose step is not due any more sends the person there.
package signin
