// Package outbox is where the sandbox's messages arrive: a real SMTP server
// and a real HTTP gateway for text messages, with a page that shows what came.
//
//	SMTP              takes e-mail for any recipient
//	POST /sms         takes a text message: {"to","text"}, bearer key, Idempotency-Key
//	GET  /            the page; ?to= shows one recipient's messages
//	GET  /messages.json?to=&channel=&after=&wait=
//	                  the same for scripts; wait= answers as soon as there is
//	                  something after message number after, so nobody sleeps
//	GET  /faults      what goes wrong at the moment
//	POST /faults      make the next messages fail, be slow, or be taken
//	                  without the sender learning of it
//	DELETE /faults    nothing goes wrong any more
//	GET  /ready
//
// Like a good gateway it drops what it has already taken (by Message-ID and
// recipient, by idempotency key) and, unlike one, counts it. Everything is in
// memory and bounded. It listens on the loopback interface only and answers
// only to names of it, because every code of every account is on that page.
package outbox
