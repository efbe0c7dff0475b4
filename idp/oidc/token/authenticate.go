package token

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc"
	"surety/idp/oidc/store"
)

// maxCredential bounds an Authorization header and a client assertion.
const maxCredential = 8 << 10

// challenge answers a client that used the Authorization header (RFC 6749,
// section 5.2).
const challenge = `Basic realm="surety", charset="UTF-8"`

// presented is what a request brings to prove which client it is from.
type presented struct {
	method client.AuthMethod
	id     idp.ClientID
	secret string // client_secret_basic and client_secret_post
	proof  string // private_key_jwt: the assertion
}

// authenticate says which client a request is from (RFC 6749, section 2.3).
// Only the method that the client is registered for works: a secret is worth
// nothing in a place where it is more easily seen.
func (e *Endpoint) authenticate(ctx context.Context, r *http.Request, form url.Values) (*client.Client, error) {
	header := r.Header.Get("Authorization")
	p, err := read(header, form)
	if err == nil {
		var c *client.Client
		if c, err = e.check(ctx, p); err == nil {
			return c, nil
		}
	}
	f := oidc.FaultOf(err)
	if f.Code == oidc.InvalidClient {
		f.Status = http.StatusUnauthorized
		if header != "" {
			f.Challenge = challenge
		}
	}
	return nil, f
}

// invalid returns a fresh fault: the caller sets its status and challenge.
func invalid(description string) *oidc.Fault {
	return oidc.Bad(oidc.InvalidClient, description)
}

// read takes the credentials out of the request: exactly one kind of them.
func read(header string, form url.Values) (presented, error) {
	p := presented{method: client.AuthNone, id: idp.ClientID(form.Get("client_id"))}
	kinds := 0
	if header != "" {
		kinds++
		id, secret, ok := parseBasic(header)
		if !ok {
			return p, invalid("the Authorization header is not of the scheme Basic, or malformed")
		}
		if p.id != "" && p.id != id {
			return p, invalid("client_id is not the client of the Authorization header")
		}
		p.method, p.id, p.secret = client.AuthSecretBasic, id, secret
	}
	if form.Has("client_secret") {
		kinds++
		p.method, p.secret = client.AuthSecretPost, form.Get("client_secret")
	}
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		kinds++
		if form.Get("client_assertion_type") != assertionType {
			return p, invalid("client_assertion_type is not supported")
		}
		p.method, p.proof = client.AuthPrivateKeyJWT, form.Get("client_assertion")
		if id := claimedClient(p.proof); p.id == "" {
			p.id = id
		}
	}
	switch {
	case kinds > 1:
		return p, oidc.Bad(oidc.InvalidRequest, "the client authenticates itself in more than one way")
	case p.id == "":
		return p, invalid("no client authentication is included")
	}
	return p, nil
}

// parseBasic reads client_secret_basic: both halves are form-urlencoded
// before they are joined (RFC 6749, section 2.3.1).
func parseBasic(header string) (id idp.ClientID, secret string, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || len(header) > maxCredential || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	both, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return "", "", false
	}
	rawID, rawSecret, found := strings.Cut(string(both), ":")
	if !found {
		return "", "", false
	}
	decoded, err := url.QueryUnescape(rawID)
	if err != nil || decoded == "" {
		return "", "", false
	}
	secret, err = url.QueryUnescape(rawSecret)
	if err != nil {
		return "", "", false
	}
	return idp.ClientID(decoded), secret, true
}

// check compares what was presented with what the client is registered with.
func (e *Endpoint) check(ctx context.Context, p presented) (*client.Client, error) {
	id, ok := oidc.ClientID(string(p.id))
	if !ok {
		return nil, invalid("the client is not known")
	}
	c, err := e.Clients.Client(ctx, id)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return nil, invalid("the client is not known")
	case err != nil:
		return nil, err
	case c.Disabled():
		return nil, invalid("the client is disabled")
	case c.TokenEndpointAuthMethod != p.method:
		return nil, invalid("the client is not registered for this way of authenticating itself")
	}
	switch p.method {
	case client.AuthNone:
		return c, nil
	case client.AuthSecretBasic, client.AuthSecretPost:
		if !c.SecretMatches(e.hash, p.secret, store.From(ctx).Now) {
			return nil, invalid("the client secret is wrong")
		}
		return c, nil
	case client.AuthPrivateKeyJWT:
		return c, e.checkAssertion(ctx, c, p.proof)
	}
	return nil, invalid("the client is not registered for a way of authenticating itself")
}
