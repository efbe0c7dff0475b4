package templates

import "io"

// LogOut asks whether to log out. Hidden fields are sent back unchanged;
// buttons: logout, stay.
type LogOut struct {
	Action string  // where the form posts; empty means /logout
	Hidden []Field // the logout request, sealed or by reference
}

// LogOut renders the page at /logout.
func (t *Templates) LogOut(w io.Writer, f Frame, v LogOut) error {
	return t.render(w, "logout", f, v)
}

// SignedOut says that the session has ended.
type SignedOut struct {
	Everywhere bool   // all sessions of the account
	Return     string // address of the agency to go back to, if it is known and allowed
}

// SignedOut renders the page at /signed-out.
func (t *Templates) SignedOut(w io.Writer, f Frame, v SignedOut) error {
	return t.render(w, "signed-out", f, v)
}

// FormPost sends an authorization response by POST (OAuth 2.0 Form Post
// Response Mode). A script file submits it; without scripts the person does. Button: continue.
type FormPost struct {
	Action string // the client's redirect URI
	Fields []Field
}

// FormPost renders the answer of the authorization endpoint for response_mode=form_post.
func (t *Templates) FormPost(w io.Writer, f Frame, v FormPost) error {
	return t.render(w, "form-post", f, v)
}
