// Package trace puts an explained decision into words and into JSON, for
// whoever runs Surety and asks why somebody was let in or was not. Its words
// are for a terminal and in English, as all commands are; people read the texts
// of idp/text.
package trace
