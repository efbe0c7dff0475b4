// Package account holds the use cases that make an account and give it back
// to its owner: registration and recovery.
//
// Both prove a contact first, and go on only in the browser that began:
//
//	           code typed, or link and button, in that browser
//	begun ------------------------------------------------------> confirmed
//	  |  ^ Resend: a new code                                        |
//	  |  |                                        registration: names and password
//	  | 24 h                                          recovery: a new password
//	  v                                                              v
//	vanished                                                     completed
//
// # Known and unknown
//
// Whoever begins is told nothing about the contact: the same answer, the same
// statements, one message, whether it belongs to no account, to one, or to as
// many as it may. Only the message differs, and it goes to the owner of the
// contact.
//
// # Links
//
// A link holds a 256-bit token of which only the hash is stored. Opening it
// changes nothing (mail scanners open links); its page has one button. In the
// browser that began, the button confirms. In any other it changes nothing
// either and shows the short code to type where one began: so nobody who
// receives a message they did not ask for can be tricked into confirming a
// stranger's attempt by pressing a button. The code is derived from the token,
// so that showing it needs no stored copy.
//
// # Codes
//
// A code has six digits and is stored as a MAC with the attempt's id. A try is
// taken before it is compared, in one conditional UPDATE.
package account
