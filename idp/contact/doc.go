// Package contact reads what a person typed as their e-mail address or
// telephone number and gives it one form.
//
// It decides whether the text can be a contact, what the messages are sent
// to (Value), what people are shown (Display, Mask) and when two contacts
// are the same (Key). It does not decide whether anybody answers there: that
// is proven by a code or a link (RULES R6). No I/O, no clock.
//
// An address that cannot be delivered to by every mail server is refused
// here, with a reason the person can act on, instead of being lost later:
// quoted local parts, comments, address literals and local parts outside
// ASCII. The last also closes the door on look-alike addresses.
package contact
