// Package world starts the whole house in the process of a test: a database,
// idp serve on a loopback port, idp work, and the outbox where its mail and
// text messages arrive over real SMTP and HTTP. Tests drive it from outside,
// as browsers and agencies do, and never reach into it but through the
// operator's use cases and the owner's database role.
//
//	w := world.New(t)
//	agency := w.Register(`{"redirect_uris": ["https://agency.example/cb"]}`)
//	b := w.Browser()
//	page := b.Get(agency.Authorize(...))
//	page = b.Submit(page, "continue", "login", "anna@example.test", "password", "...")
package world
