package logout

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/oidc/claims"
)

// Bounds of a logout request. A hint is an ID token, a kilobyte or two.
const (
	maxQuery = 16 << 10
	maxForm  = 64 << 10
	maxState = 2 << 10
)

// sealedFor is how long a sealed request may take to come back.
const sealedFor = 60 * time.Minute

const purpose = "logout request"

var errRequest = errors.New("logout request refused")

// request is a logout request as it was understood. It is what is sealed.
type request struct {
	ClientID idp.ClientID `json:"c,omitempty"`
	Hinted   bool         `json:"h,omitempty"` // a good id_token_hint came
	BadHint  bool         `json:"b,omitempty"` // one came that is not good
	Subject  string       `json:"s,omitempty"` // of the hint
	SID      string       `json:"i,omitempty"`
	// Redirect is the address to send the person back to: registered and sure
	// to be this client's, else empty.
	Redirect string   `json:"r,omitempty"`
	Unfit    bool     `json:"u,omitempty"` // an address came that is not registered
	State    string   `json:"t,omitempty"`
	Locales  []string `json:"l,omitempty"`
	Browser  []byte   `json:"w,omitempty"` // hash of the browser's cookie, once it is known
	MadeAt   int64    `json:"a"`
}

// parameters reads query or form, bounded, no parameter twice.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, fmt.Errorf("%w: query is too long", errRequest)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: query: %w", errRequest, err)
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return nil, fmt.Errorf("%w: form: %w", errRequest, err)
		}
		values = r.PostForm
	}
	for name, all := range values {
		if len(all) > 1 {
			return nil, fmt.Errorf("%w: %q is there twice", errRequest, name)
		}
	}
	return values, nil
}

// understand turns parameters into a request. It fails only for what cannot
// be right; what merely proves nothing leads to a question.
func (h *Handler) understand(ctx context.Context, v url.Values) (request, error) {
	req := request{State: v.Get("state"), Locales: strings.Fields(v.Get("ui_locales")), MadeAt: h.now().Unix()}
	if len(req.State) > maxState || len(req.Locales) > 20 {
		return request{}, fmt.Errorf("%w: state or ui_locales is too long", errRequest)
	}
	req.ClientID = idp.ClientID(v.Get("client_id"))
	if hint := v.Get("id_token_hint"); hint != "" {
		t, err := claims.ParseHint(h.keys(), h.issuer, hint)
		switch {
		case err != nil:
			req.BadHint = true
		case req.ClientID != "" && req.ClientID != t.Audience:
			return request{}, fmt.Errorf("%w: client_id is not the audience of id_token_hint", errRequest)
		default:
			req.ClientID, req.Hinted, req.Subject, req.SID = t.Audience, true, t.Subject, t.SID
		}
	}
	back := v.Get("post_logout_redirect_uri")
	req.Unfit = back != ""
	if req.ClientID == "" || req.BadHint {
		req.ClientID = ""
		return req, nil
	}
	c, err := h.clients.Client(ctx, req.ClientID)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		req.ClientID = "" // it was deleted, or never was: log out all the same
	case err != nil:
		return request{}, err
	case c.PostLogoutAllowed(back):
		req.Redirect, req.Unfit = back, false
	}
	return req, nil
}

// back is the address that brings the person to the client, with the state
// as it came and nothing else.
func (req request) back() (string, error) {
	u, err := url.Parse(req.Redirect)
	if err != nil {
		return "", fmt.Errorf("parse registered address: %w", err)
	}
	if req.State != "" {
		q := u.RawQuery
		if q != "" {
			q += "&"
		}
		u.RawQuery = q + url.Values{"state": {req.State}}.Encode()
	}
	return u.String(), nil
}

// seal binds the request to a browser and makes it safe to carry.
func (h *Handler) seal(req request, browser [32]byte) (string, error) {
	req.Browser = slices.Clone(browser[:])
	text, err := json.Marshal(req)
	if err != nil {
		return "", fmt.Errorf("write logout request: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(h.ring.Seal(purpose, nil, text)), nil
}

// unseal opens a carried request. It tells nothing about what was wrong.
func (h *Handler) unseal(sealed string) (request, error) {
	var req request
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return request{}, fmt.Errorf("%w: not sealed by us", errRequest)
	}
	text, err := h.ring.Open(purpose, nil, raw)
	if err != nil || json.Unmarshal(text, &req) != nil {
		return request{}, fmt.Errorf("%w: not sealed by us", errRequest)
	}
	if age := h.now().Unix() - req.MadeAt; age < 0 || age > int64(sealedFor/time.Second) {
		return request{}, fmt.Errorf("%w: too old", errRequest)
	}
	return req, nil
}
