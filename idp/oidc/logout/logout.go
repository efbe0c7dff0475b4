package logout

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
	"surety/idp/keys"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
)

// Visits is what the endpoint needs of idp/flow/signin.
type Visits interface {
	// Visitor returns who is behind the session cookie; see authorize.Visits.
	Visitor(ctx context.Context, secret string, now time.Time) (interaction.Visitor, error)
}

// Leaver ends the browser's session and tells the agencies. No session is no
// error. It also takes the session cookie away.
type Leaver interface {
	LogOut(w http.ResponseWriter, r *http.Request) error
}

// Clients finds relying parties.
type Clients interface {
	// Client returns the client. Errors: not_found, unavailable.
	Client(ctx context.Context, id idp.ClientID) (*client.Client, error)
}

// Browser reads and sets the cookies that name a browser; see authorize.Browser.
type Browser interface {
	SessionSecret(r *http.Request) string
	Bind(w http.ResponseWriter, r *http.Request) [32]byte
	Bound(r *http.Request) ([32]byte, bool)
}

// Config is what the endpoint is made of. Every field is needed.
type Config struct {
	Issuer   string
	Path     string // of this endpoint
	Done     string // path of the page that says "you are logged out"
	Ring     *keys.Ring
	Keys     func() *keys.Set
	Subjects claims.Subjects
	Visits   Visits
	Leaver   Leaver
	Clients  Clients
	Browser  Browser
	Pages    oidc.Pages
	Clock    func() time.Time // protocol time
}

// Handler is the end session endpoint.
type Handler struct {
	issuer, path, done string
	ring               *keys.Ring
	keys               func() *keys.Set
	subjects           claims.Subjects
	visits             Visits
	leaver             Leaver
	clients            Clients
	browser            Browser
	pages              oidc.Pages
	now                func() time.Time
}

// New makes the endpoint.
func New(c Config) *Handler {
	return &Handler{
		issuer: c.Issuer, path: c.Path, done: c.Done, ring: c.Ring, keys: c.Keys, subjects: c.Subjects,
		visits: c.Visits, leaver: c.Leaver, clients: c.Clients, browser: c.Browser, pages: c.Pages, now: c.Clock,
	}
}

// ServeHTTP answers GET and POST (RP-Initiated Logout 1.0, section 2).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	v, err := parameters(w, r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if sealed := v.Get("request"); sealed != "" {
		h.carried(w, r, v, sealed)
		return
	}
	req, err := h.understand(r.Context(), v)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if r.Method == http.MethodPost {
		h.toGet(w, r, req)
		return
	}
	h.decide(w, r, req)
}

// toGet brings the browser back with its cookies. The request is bound to no
// browser yet: a cross-site POST does not show which one it is.
func (h *Handler) toGet(w http.ResponseWriter, r *http.Request, req request) {
	sealed, err := h.seal(req, [32]byte{})
	if err != nil {
		h.fail(w, r, err)
		return
	}
	http.Redirect(w, r, h.path+"?"+url.Values{"request": {sealed}}.Encode(), http.StatusSeeOther)
}

// carried goes on with a sealed request: after a redirect (GET), or with the
// answer to the question (POST from our own page, in the same browser).
func (h *Handler) carried(w http.ResponseWriter, r *http.Request, v url.Values, sealed string) {
	req, err := h.unseal(sealed)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	bound, ok := h.browser.Bound(r)
	answered := r.Method == http.MethodPost && ok && string(req.Browser) == string(bound[:])
	switch {
	case answered && v.Has("logout"):
		h.leave(w, r, req)
	case answered:
		http.Redirect(w, r, "/account", http.StatusSeeOther) // the person would rather stay
	default:
		h.decide(w, r, req)
	}
}

// decide logs out, asks, or finds that there is nothing to do.
func (h *Handler) decide(w http.ResponseWriter, r *http.Request, req request) {
	visitor, err := h.visits.Visitor(r.Context(), h.browser.SessionSecret(r), h.now())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	nothingToDo := !visitor.Known() && (req.Hinted || req.Redirect == "")
	if nothingToDo || !req.Unfit && h.ofThisSession(r.Context(), req, visitor) {
		h.leave(w, r, req)
		return
	}
	h.ask(w, r, req)
}

// ofThisSession reports whether the hint was issued in the session that is
// open in this browser, or at least for the person who is logged in.
func (h *Handler) ofThisSession(ctx context.Context, req request, v interaction.Visitor) bool {
	if !v.Known() || !req.Hinted || req.ClientID == "" {
		return false
	}
	c, err := h.clients.Client(ctx, req.ClientID)
	if err != nil {
		return false // then the person is asked
	}
	return req.SID == h.subjects.SID(c.ID, v.SessionID) || req.Subject == h.subjects.Subject(c, v.Account.ID)
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request, req request) {
	sealed, err := h.seal(req, h.browser.Bind(w, r))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.pages.ConfirmLogout(w, r, oidc.ConfirmLogout{
		Client: h.client(r.Context(), req.ClientID), Action: h.path, Fields: url.Values{"request": {sealed}}, Locales: req.Locales,
	})
}

// leave ends the session and sends the person on.
func (h *Handler) leave(w http.ResponseWriter, r *http.Request, req request) {
	if err := h.leaver.LogOut(w, r); err != nil {
		h.fail(w, r, err)
		return
	}
	to := h.done
	if req.ClientID != "" {
		to += "?" + url.Values{"client_id": {string(req.ClientID)}}.Encode()
	}
	if req.Redirect != "" {
		back, err := req.back()
		if err != nil {
			h.fail(w, r, err)
			return
		}
		to = back
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// client returns the client for a page, or nil: a page can do without.
func (h *Handler) client(ctx context.Context, id idp.ClientID) *client.Client {
	if id == "" {
		return nil
	}
	c, err := h.clients.Client(ctx, id)
	if err != nil {
		return nil
	}
	return c
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := oidc.Failure{Status: http.StatusInternalServerError, Kind: oidc.FailedInternal, Cause: err}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		f.Status, f.Kind = http.StatusRequestEntityTooLarge, oidc.FailedTooLarge
	case errors.Is(err, errRequest):
		f.Status, f.Kind = http.StatusBadRequest, oidc.FailedRequest
	case idp.CodeOf(err) == idp.CodeUnavailable:
		f.Status, f.Kind = http.StatusServiceUnavailable, oidc.FailedDown
	}
	h.pages.Error(w, r, f)
}
