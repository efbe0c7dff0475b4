// Package templates holds every page of Surety: HTML, one stylesheet, a few
// small scripts, and one view struct with one typed method for each page.
//
// A page gets a [Frame], which is the same for all pages (language, form
// token, names in the header, what is wrong with the form), and its own view.
// Views are plain values: a template calls nothing that could fail, wait or
// change anything. All words come from package text by key.
//
// Names and ids of fields and buttons are stable, so that scripts may rely on
// them: login, password, code, contact, continue, allow, deny, logout.
//
// Pages work without JavaScript, except those that ask for a passkey. Nothing
// is inline, so the Content-Security-Policy can forbid inline code.
package templates
