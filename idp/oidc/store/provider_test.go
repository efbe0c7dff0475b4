package store

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"surety/idp/client"
	"surety/idp/oidc"

	"github.com/ory/fosite"
)

// countingHandler counts its calls and handles the grant type "x".
type countingHandler struct{ handled, populated int }

func (h *countingHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool {
	return false
}
func (h *countingHandler) CanHandleTokenEndpointRequest(context.Context, fosite.AccessRequester) bool {
	return true
}
func (h *countingHandler) HandleTokenEndpointRequest(context.Context, fosite.AccessRequester) error {
	h.handled++
	return nil
}
func (h *countingHandler) PopulateTokenEndpointResponse(_ context.Context, _ fosite.AccessRequester, r fosite.AccessResponder) error {
	h.populated++
	r.SetAccessToken("x")
	r.SetTokenType("Bearer")
	return nil
}

func post(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// fosite's own Append would drop the second handler of a type.
func TestA7_12_HandlersOfOneTypeAreAllKept(t *testing.T) {
	t.Parallel()
	one, two := &countingHandler{}, &countingHandler{}
	p := NewProvider(Handlers{
		Authenticate: func(context.Context, *http.Request, url.Values) (*client.Client, error) { return &client.Client{}, nil },
		Token:        []fosite.TokenEndpointHandler{one, two},
	})
	ctx := With(t.Context(), &Work{})
	request, err := p.NewAccessRequest(ctx, post(url.Values{"grant_type": {"x"}}), NewSession())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.NewAccessResponse(ctx, request); err != nil {
		t.Fatal(err)
	}
	if *one != (countingHandler{1, 1}) || *two != (countingHandler{1, 1}) {
		t.Errorf("%+v %+v", one, two)
	}
}

func TestAuthenticationFaultPassesUnchanged(t *testing.T) {
	t.Parallel()
	fault := &oidc.Fault{Code: oidc.InvalidClient, Status: http.StatusUnauthorized, Challenge: "Basic"}
	p := NewProvider(Handlers{
		Authenticate: func(context.Context, *http.Request, url.Values) (*client.Client, error) { return nil, fault },
		Token:        []fosite.TokenEndpointHandler{&countingHandler{}},
	})
	_, err := p.NewAccessRequest(With(t.Context(), &Work{}), post(url.Values{"grant_type": {"x"}}), NewSession())
	if got := FaultOf(err); got != fault {
		t.Errorf("got %v", got)
	}
}

func TestFaultOf(t *testing.T) {
	t.Parallel()
	if f := FaultOf(fosite.ErrInvalidScope.WithHint("no").WithDebug("secret")); f.Code != "invalid_scope" || f.Description != "no" || f.Status != 400 {
		t.Errorf("%+v", f)
	}
	if f := FaultOf(fosite.ErrServerError.WithDebug("secret")); f.Code != oidc.ServerError || strings.Contains(f.Description, "secret") {
		t.Errorf("%+v", f)
	}
	if f := FaultOf(errors.New("secret")); f.Code != oidc.ServerError || f.Status != 500 || strings.Contains(f.Description, "secret") {
		t.Errorf("%+v", f)
	}
}
