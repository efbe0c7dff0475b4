// Package person reads the personal side of an account: names, contacts and
// login names, sealed under the person's own data key (see idp.SealedContact
// and its neighbours). It is loaded only where it is shown or sent.
package person
