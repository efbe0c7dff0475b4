package signin

import (
	"context"
	"net/http"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/account"
	"surety/idp/flow/factor"
	"surety/idp/flow/signin"
	"surety/idp/session"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// Agencies names the agency that a pending request came from.
type Agencies interface {
	// Agency returns the client of the browser's pending request, or nil when
	// there is none or it cannot be told: a page can do without.
	Agency(ctx context.Context, b session.Browser, id idp.InteractionID) *client.Client
	// Client returns a client by its id, or nil.
	Client(ctx context.Context, id idp.ClientID) *client.Client
}

// Pages are the pages. Every field is needed.
type Pages struct {
	Site        *web.Site
	SignIn      *signin.Flow
	Account     *account.Flow
	Factors     *factor.Flow
	Agencies    Agencies
	Terms       string // version of the terms of use in force
	PasswordMin int    // fewest characters of a password
}

// Mount registers the pages.
func (p *Pages) Mount(m web.Mux) {
	m.Get("/", p.home)
	m.Get("/sign-in", p.signIn)
	m.Post("/sign-in", p.signInPost)
	m.Get(pathPasskey, p.passkey)
	m.Post(pathPasskey, p.passkeyPost)
	m.Get(pathSMS, p.sms)
	m.Post(pathSMS, p.smsPost)
	m.Get(pathSMSCode, p.smsCode)
	m.Post(pathSMSCode, p.smsCodePost)
	m.Post(pathSMSCode+"/resend", p.smsResend)
	m.Get("/select-account", p.selectAccount)
	m.Post("/select-account", p.selectAccountPost)
	m.Get("/signed-out", p.signedOut)

	m.Get("/register", p.register)
	m.Post("/register", p.registerPost)
	m.Get("/register/code", p.registerCode)
	m.Post("/register/code", p.registerCodePost)
	m.Post("/register/code/resend", p.registerResend)
	m.Get("/register/link", p.registerLink)
	m.Post("/register/link", p.registerLinkPost)
	m.Get("/register/used", p.registerUsed)
	m.Post("/register/used", p.registerUsedPost)
	m.Get("/register/details", p.registerDetails)
	m.Post("/register/details", p.registerDetailsPost)

	m.Get("/recover", p.recover)
	m.Post("/recover", p.recoverPost)
	m.Get("/recover/code", p.recoverCode)
	m.Post("/recover/code", p.recoverCodePost)
	m.Post("/recover/code/resend", p.recoverResend)
	m.Get("/recover/link", p.recoverLink)
	m.Post("/recover/link", p.recoverLinkPost)
	m.Get("/recover/password", p.recoverPassword)
	m.Post("/recover/password", p.recoverPasswordPost)
}

// frame is the page's frame with the agency's name in it.
func (p *Pages) frame(w http.ResponseWriter, r *http.Request) templates.Frame {
	f := p.Site.Frame(w, r)
	if f.Interaction != "" {
		web.OnBehalf(w, &f, p.Agencies.Agency(r.Context(), p.Site.Visit(w, r), idp.InteractionID(f.Interaction)))
	}
	return f
}
