// Package text holds every word that a person reads, in Belarusian, Russian,
// Ukrainian and English: pages, e-mail, SMS, terms of use; and how dates,
// times and numbers of things are written in each.
//
// Texts are found by key. Keys are grouped by what they belong to:
//
//	page.<page>.title             title and heading of a page
//	<page>.<part>                 words of one page
//	error.<thing>.<fault>         what is wrong with an input, shown at its field
//	failure.<kind>.{title,what,next}  error pages
//	claim.<claim>                 name of a value that an agency receives
//	method.<method>[.hint]        way to log in, and one sentence about it
//	level.<level>.{name,means}    assurance level in plain words
//	stage.<stage>, proofing.<proofing>  how well a person is known, and by what
//	step.<action>.<by>[.hint]     step of a way; by a method without its provider,
//	                              for prove by what proves, for act by the capacity
//	needs.<thing>                 what one must own for a step
//	capacity.<capacity>, role.<role>  for whom a person acts
//	mail.<notice>.{subject,body}  e-mail
//	sms.<notice>                  SMS
//
// Values are filled in by name: rules give lower-case names (count chooses the
// plural form, until is when it may be tried again), pages and messages give
// upper-case ones. The values of messages are Code, Link, Valid (a duration),
// Time, Device, Login. Times and durations are written as the language does.
//
// A key that does not exist never breaks a page: a safe general text is shown
// and the key is logged. A test sees to it that each key exists in each
// language with each plural form of that language.
package text
