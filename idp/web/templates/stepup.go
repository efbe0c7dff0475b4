package templates

import "io"

// Why says what a person is asked for more for. The part "why" shows it, with
// the agency of the frame; without an agency it says that the person chose to.
type Why struct {
	Procedures []string // titles of the services that need it; none: the agency asked for a level
	Required   string   // level that is needed
	Held       string   // level that is held; empty: none
	Again      bool     // the level is held, and a fresh log-in is asked for
	Wish       bool     // the agency wishes for it and does not need it
}

// Refused says that nothing leads to what is required.
type Refused struct {
	Reason    string // assurance.Reason
	Reachable string // level that can be had instead; empty: none
}

// StepUp says what is missing and shows the ways to it, soonest first. Button:
// decline, in a form of its own that posts to /step-up.
type StepUp struct {
	Why
	Identity bool     // the person's identity must be confirmed
	Document bool     // the document that was shown for it has ended
	Excluded []string // text keys of what the services do not accept
	Ways     Ways
	Refused  *Refused // nil: there are ways
}

// StepUp renders the page at /step-up.
func (t *Templates) StepUp(w io.Writer, f Frame, v StepUp) error {
	switch {
	case v.Refused != nil:
		f.Title = "page.step-up-refused.title"
	case v.Wish:
		f.Title = "page.step-up-wish.title"
	case v.Document:
		f.Title = "page.step-up-document.title"
	case v.Identity:
		f.Title = "page.step-up-identity.title"
	}
	return t.render(w, "step-up", f, v)
}

// StepUpOTP asks for a code of the authenticator app, or for a recovery code.
// Field: code; button: continue.
type StepUpOTP struct {
	Why
	Recovery bool   // a recovery code is asked for
	Left     int    // recovery codes that are left; 0: none are offered
	Swap     string // address of this page that asks for the other kind of code
	Others   string // address of the page with all ways; empty: there is none
	Replace  bool   // it is asked for because the app is to be replaced
	Own      bool   // it is asked for because something else of the person's own is to be changed
}

// StepUpOTP renders the page at /step-up/otp.
func (t *Templates) StepUpOTP(w io.Writer, f Frame, v StepUpOTP) error {
	if v.Recovery {
		f.Title = "page.step-up-recovery.title"
	}
	return t.render(w, "step-up-otp", f, v)
}

// Phone is a number that a code can be sent to.
type Phone struct {
	ID     string // value of the field contact; opaque to the page
	Masked string
}

// StepUpSMS asks where to send a code. Field: contact; button: send.
type StepUpSMS struct {
	Why
	Phones []Phone // one or more
	Others string  // address of the page with all ways; empty: there is none
}

// StepUpSMS renders the page at /step-up/sms.
func (t *Templates) StepUpSMS(w io.Writer, f Frame, v StepUpSMS) error {
	return t.render(w, "step-up-sms", f, v)
}

// StepUpSMSCode asks for the code that was sent. Field: code; buttons:
// continue, and resend in a form of its own.
type StepUpSMSCode struct {
	Why
	CodeEntry
	Others string // address of the page with all ways; empty: there is none
}

// StepUpSMSCode renders the page at /step-up/sms/code.
func (t *Templates) StepUpSMSCode(w io.Writer, f Frame, v StepUpSMSCode) error {
	return t.render(w, "step-up-sms-code", f, v)
}

// Question asks for a passkey, or for a new one. Hidden fields: asked, and
// credential, which the script fills in.
type Question struct {
	Attempt string // opaque value of the hidden field asked
	Options string // WebAuthn options as JSON
}

// StepUpPasskey asks for a passkey. Button: passkey.
type StepUpPasskey struct {
	Why
	Question
	Others string // address of the page with all ways; empty: there is none
}

// StepUpPasskey renders the page at /step-up/passkey.
func (t *Templates) StepUpPasskey(w io.Writer, f Frame, v StepUpPasskey) error {
	return t.render(w, "step-up-passkey", f, v)
}
