package world

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestCodeFlowFromRegistrationToToken is the main job: a person registers by
// e-mail in the middle of an authorization request, consents, and the agency
// gets a token at the lowest level.
func TestCodeFlowFromRegistrationToToken(t *testing.T) {
	t.Parallel()
	w := New(t)
	agency := w.Register(`{"client_name": "Tax office", "redirect_uris": ["https://tax.example.test/cb"], "scope": "openid profile email"}`)
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	b := w.Browser()
	page := b.Get("/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {string(agency.Client.ID)}, "redirect_uri": {"https://tax.example.test/cb"},
		"scope": {"openid profile email"}, "state": {"s1"}, "nonce": {"n1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	if !page.Has("Tax office") {
		t.Fatalf("the log-in page does not name the agency:\n%s", page.Body)
	}
	page = b.Get("/register?interaction=" + page.URL.Query().Get("interaction"))
	page = b.Submit(page, "continue", "contact", "Anna.K@Example.test", "terms", "1")
	mail := w.Mail("anna.k@example.test", 0)
	page = b.Submit(page, "continue", "code", mail.Code)
	page = b.Submit(page, "continue", "family_name", "Kavalenka", "given_name", "Hanna", "no_patronymic", "1", "password", "mellow granite 58 lantern")
	page = b.Submit(page, "allow")
	if !page.Away || page.URL.Query().Get("state") != "s1" || page.URL.Query().Get("iss") != w.Issuer {
		t.Fatalf("not back at the agency: %s %d\n%s", page.URL, page.Status, page.Body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Issuer+"/token", strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "code": {page.URL.Query().Get("code")}, "redirect_uri": {"https://tax.example.test/cb"}, "code_verifier": {verifier},
	}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(string(agency.Client.ID), agency.Secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	var tokens map[string]any
	if err := json.Unmarshal(body, &tokens); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("token: %d %s", resp.StatusCode, body)
	}
	info, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Issuer+"/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	info.Header.Set("Authorization", "Bearer "+tokens["access_token"].(string))
	answer, err := http.DefaultClient.Do(info)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ = io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "Kavalenka") {
		t.Fatalf("userinfo: %d %s", answer.StatusCode, body)
	}
	t.Log(string(body))
}
