package client_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func hash(secret string) []byte {
	m := hmac.New(sha256.New, []byte("a key for tests"))
	m.Write([]byte(secret))
	return m.Sum(nil)
}

// agency is metadata that is valid; tests change one thing at a time.
func agency() client.Metadata {
	return client.Metadata{
		Names:        client.Localized{"": "Tax Office", "be": "Падатковая"},
		RedirectURIs: []string{"https://tax.example/cb"},
	}
}

func mustNew(t *testing.T, m client.Metadata) *client.Client {
	t.Helper()
	c, err := client.New("c1", m, start)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaultsAreTheSafeOnes(t *testing.T) {
	t.Parallel()
	c := mustNew(t, agency())
	switch {
	case !c.PKCERequired():
		t.Error("PKCE is not demanded")
	case c.SubjectType != client.SubjectPairwise || c.Sector != "tax.example":
		t.Errorf("subjects: %s in sector %q", c.SubjectType, c.Sector)
	case c.IDTokenSignedResponseAlg != client.ES256 || c.AccessTokenFormat != client.TokenJWT:
		t.Errorf("tokens: %s %s", c.IDTokenSignedResponseAlg, c.AccessTokenFormat)
	case c.ConsentImplied() || c.Public() || c.Disabled():
		t.Error("a fresh client is implied, public or disabled")
	case c.TokenEndpointAuthMethod != client.AuthSecretBasic || !c.May(client.GrantAuthorizationCode) || c.May(client.GrantRefreshToken):
		t.Errorf("authentication and grants: %s %v", c.TokenEndpointAuthMethod, c.GrantTypes)
	}
	if got := c.RefreshGrace(10 * time.Second); got != 10*time.Second {
		t.Errorf("grace %s", got)
	}
	if _, ok := c.MaxAge(); ok {
		t.Error("a default_max_age out of nothing")
	}
}

func TestEveryWrongMemberIsNamed(t *testing.T) {
	t.Parallel()
	no, minus := false, int64(-1)
	uri := func(s string) func(*client.Metadata) {
		return func(m *client.Metadata) { m.RedirectURIs = []string{s} }
	}
	for name, row := range map[string]struct {
		change func(*client.Metadata)
		member string
	}{
		"no name":             {func(m *client.Metadata) { m.Names = nil }, "client_name"},
		"control in name":     {func(m *client.Metadata) { m.Names[""] = "a\nb" }, "client_name"},
		"empty name in be":    {func(m *client.Metadata) { m.Names["be"] = " " }, "client_name#be"},
		"no redirect":         {func(m *client.Metadata) { m.RedirectURIs = nil }, "redirect_uris"},
		"http":                {uri("http://tax.example/cb"), "redirect_uris"},
		"loopback http":       {uri("http://127.0.0.1:5555/cb"), "redirect_uris"},
		"fragment":            {uri("https://tax.example/cb#x"), "redirect_uris"},
		"empty fragment":      {uri("https://tax.example/cb#"), "redirect_uris"},
		"wildcard":            {uri("https://*.tax.example/cb"), "redirect_uris"},
		"wildcard in path":    {uri("https://tax.example/*"), "redirect_uris"},
		"user":                {uri("https://tax.example@evil.example/cb"), "redirect_uris"},
		"backslash":           {uri(`https://evil.example\@tax.example/cb`), "redirect_uris"},
		"relative":            {uri("/cb"), "redirect_uris"},
		"script":              {uri("javascript:alert(1)"), "redirect_uris"},
		"private use for web": {uri("by.gov.app:/cb"), "redirect_uris"},
		"no host":             {uri("https:///cb"), "redirect_uris"},
		"space":               {uri("https://tax.example/c b"), "redirect_uris"},
		"long":                {uri("https://tax.example/" + strings.Repeat("a", 2000)), "redirect_uris"},
		"twice":               {func(m *client.Metadata) { m.RedirectURIs = slices.Repeat(m.RedirectURIs, 2) }, "redirect_uris"},
		"many":                {func(m *client.Metadata) { m.RedirectURIs = make([]string, 51) }, "redirect_uris"},
		"script in a private scheme": {func(m *client.Metadata) {
			m.ApplicationType, m.RedirectURIs = client.ApplicationNative, []string{"javascript:alert(1)"}
		}, "redirect_uris"},
		"logout http":            {func(m *client.Metadata) { m.BackchannelLogoutURI = "http://127.0.0.1/out" }, "backchannel_logout_uri"},
		"logout session without": {func(m *client.Metadata) { m.BackchannelLogoutSessionRequired = true }, "backchannel_logout_session_required"},
		"post logout":            {func(m *client.Metadata) { m.PostLogoutRedirectURIs = []string{"http://tax.example/"} }, "post_logout_redirect_uris"},
		"initiate":               {func(m *client.Metadata) { m.InitiateLoginURI = "ftp://tax.example/" }, "initiate_login_uri"},
		"logo":                   {func(m *client.Metadata) { m.Logos = client.Localized{"be": "data:image/png;base64,AA"} }, "logo_uri#be"},
		"auth method":            {func(m *client.Metadata) { m.TokenEndpointAuthMethod = "client_secret_jwt" }, "token_endpoint_auth_method"},
		"auth alg none":          {func(m *client.Metadata) { m.TokenEndpointAuthSigningAlg = "none" }, "token_endpoint_auth_signing_alg"},
		"private_key_jwt alone":  {func(m *client.Metadata) { m.TokenEndpointAuthMethod = client.AuthPrivateKeyJWT }, "jwks"},
		"jwks_uri http":          {func(m *client.Metadata) { m.JWKSURI = "http://127.0.0.1/jwks" }, "jwks_uri"},
		"public without PKCE":    {func(m *client.Metadata) { m.TokenEndpointAuthMethod, m.RequirePKCE = client.AuthNone, &no }, "require_pkce"},
		"public with credentials": {func(m *client.Metadata) {
			m.TokenEndpointAuthMethod = client.AuthNone
			m.GrantTypes = []client.GrantType{"authorization_code", "client_credentials"}
		}, "grant_types"},
		"implicit":                 {func(m *client.Metadata) { m.GrantTypes = []client.GrantType{"implicit"} }, "grant_types"},
		"refresh alone":            {func(m *client.Metadata) { m.GrantTypes = []client.GrantType{"refresh_token"} }, "grant_types"},
		"hybrid":                   {func(m *client.Metadata) { m.ResponseTypes = []string{"code id_token"} }, "response_types"},
		"scope":                    {func(m *client.Metadata) { m.Scope = "openid \"" }, "scope"},
		"subject":                  {func(m *client.Metadata) { m.SubjectType = "ephemeral" }, "subject_type"},
		"two hosts, no sector":     {func(m *client.Metadata) { m.RedirectURIs = append(m.RedirectURIs, "https://other.example/cb") }, "sector_identifier_uri"},
		"sector http":              {func(m *client.Metadata) { m.SectorIdentifierURI = "http://tax.example/s" }, "sector_identifier_uri"},
		"id token none":            {func(m *client.Metadata) { m.IDTokenSignedResponseAlg = "none" }, "id_token_signed_response_alg"},
		"id token HS256":           {func(m *client.Metadata) { m.IDTokenSignedResponseAlg = "HS256" }, "id_token_signed_response_alg"},
		"token format":             {func(m *client.Metadata) { m.AccessTokenFormat = "paseto" }, "access_token_format"},
		"consent":                  {func(m *client.Metadata) { m.Consent = "never" }, "consent"},
		"max age":                  {func(m *client.Metadata) { m.DefaultMaxAge = &minus }, "default_max_age"},
		"refresh for a year":       {func(m *client.Metadata) { m.RefreshTokenLifetime = 365 * 86400 }, "refresh_token_lifetime"},
		"grace of an hour":         {func(m *client.Metadata) { m.RefreshTokenGrace = 3600 }, "refresh_token_grace"},
		"resource with a fragment": {func(m *client.Metadata) { m.Resources = []string{"https://api.example/#x"} }, "resources"},
		"application type":         {func(m *client.Metadata) { m.ApplicationType = "service" }, "application_type"},
		"agency with a space":      {func(m *client.Metadata) { m.Agency = "a b" }, "agency"},
		"agency of a slash":        {func(m *client.Metadata) { m.Agency = "a/b" }, "agency"},
		"contact twice":            {func(m *client.Metadata) { m.Contacts = []string{"a@b.example", "a@b.example"} }, "contacts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := agency()
			row.change(&m)
			_, err := client.New("c1", m, start)
			var invalid *client.InvalidMetadata
			if !errors.As(err, &invalid) {
				t.Fatalf("accepted: %v", err)
			}
			if got := invalid.Members[0].Member; got != row.member {
				t.Errorf("blames %s, want %s: %v", got, row.member, err)
			}
			if idp.CodeOf(err) != idp.CodeInvalid {
				t.Errorf("code %q", idp.CodeOf(err))
			}
		})
	}
}

func TestDevelopmentMayUseLoopback(t *testing.T) {
	t.Parallel()
	m := agency()
	m.Development = true
	m.RedirectURIs = []string{"http://localhost:18090/callback"}
	m.BackchannelLogoutURI = "http://localhost:18090/logout"
	c := mustNew(t, m)
	if c.RedirectAllowed("http://localhost:18091/callback") {
		t.Error("another port was allowed for a web client")
	}
	m.RedirectURIs = []string{"http://tax.example/callback"}
	if _, err := client.New("c1", m, start); err == nil {
		t.Error("http outside the loopback interface was accepted")
	}
}

func TestRedirectsAreComparedExactly(t *testing.T) {
	t.Parallel()
	m := agency()
	m.RedirectURIs = []string{"https://tax.example/cb?x=1"}
	c := mustNew(t, m)
	if !c.RedirectAllowed("https://tax.example/cb?x=1") {
		t.Error("the registered address is refused")
	}
	for _, uri := range []string{
		"", "https://tax.example/cb", "https://tax.example/cb?x=1&y=2", "https://TAX.example/cb?x=1",
		"https://tax.example/cb/?x=1", "https://tax.example:443/cb?x=1", "https://tax.example/cb%3Fx=1", "https://tax.example/cb?x=1#",
	} {
		if c.RedirectAllowed(uri) {
			t.Errorf("%q is allowed", uri)
		}
	}
}

// A native application's port is any, everything else is exact (RFC 8252, section 7.3).
func TestNativeLoopbackPort(t *testing.T) {
	t.Parallel()
	m := agency()
	m.ApplicationType, m.TokenEndpointAuthMethod = client.ApplicationNative, client.AuthNone
	m.SubjectType = client.SubjectPublic
	m.RedirectURIs = []string{"http://127.0.0.1/cb", "http://[::1]:1/cb", "by.gov.app:/cb"}
	c := mustNew(t, m)
	for uri, want := range map[string]bool{
		"http://127.0.0.1/cb": true, "http://127.0.0.1:51004/cb": true, "http://[::1]:51004/cb": true, "by.gov.app:/cb": true,
		"http://127.0.0.1:0/cb": false, "http://127.0.0.1:65536/cb": false, "http://127.0.0.1:+80/cb": false, "http://127.0.0.1:080/cb": false,
		"http://127.0.0.1:80@evil.example/cb": false, "http://127.0.0.1:80/cb/../x": false, "http://127.0.0.1:80/other": false,
		"http://127.0.0.2:80/cb": false, "http://localhost:80/cb": false, "https://127.0.0.1:80/cb": false, "by.gov.app:/cb2": false,
		"http://127.0.0.1:/cb": false,
	} {
		if got := c.RedirectAllowed(uri); got != want {
			t.Errorf("%s: %v", uri, got)
		}
	}
	want := []string{"http://127.0.0.1:*", "http://[::1]:*", "by.gov.app:"}
	if diff := cmp.Diff(want, c.RedirectOrigins()); diff != "" {
		t.Error(diff)
	}
}

func TestSectors(t *testing.T) {
	t.Parallel()
	m := agency()
	m.RedirectURIs = append(m.RedirectURIs, "https://other.example/cb")
	m.SectorIdentifierURI = "https://sector.example/uris.json"
	if c := mustNew(t, m); c.Sector != "sector.example" {
		t.Errorf("sector %q", c.Sector)
	}
	m = agency()
	m.RedirectURIs, m.ResponseTypes, m.GrantTypes = nil, nil, []client.GrantType{client.GrantClientCredentials}
	if c := mustNew(t, m); c.Sector != "c1" {
		t.Errorf("a client without addresses shares the sector %q", c.Sector)
	}
}

func TestNamesByLanguage(t *testing.T) {
	t.Parallel()
	c := mustNew(t, agency())
	for lang, want := range map[string]string{"be": "Падатковая", "be-BY": "Падатковая", "uk": "Tax Office", "": "Tax Office"} {
		if got := c.Name(lang); got != want {
			t.Errorf("%q: %q", lang, got)
		}
	}
	if got := (client.Localized{"ru": "А", "uk": "Б"}).In("en"); got != "А" {
		t.Errorf("without a plain name: %q", got)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	c := mustNew(t, agency())
	old, oldSecret := client.NewSecret(hash)
	text, secret := client.NewSecret(hash)
	oldSecret.ExpiresAt = start.Add(time.Hour)
	c.Secrets = []client.Secret{secret, oldSecret, {}, {Hash: "hmac:"}, {Hash: "plain:" + text}}
	if len(text) != 43 || text == old || strings.Contains(secret.Hash, text) {
		t.Fatalf("secret of %d characters, hash %q", len(text), secret.Hash)
	}
	for name, row := range map[string]struct {
		presented string
		at        time.Time
		want      bool
	}{
		"right":              {text, start, true},
		"previous, in time":  {old, start, true},
		"previous, too late": {old, start.Add(time.Hour), false},
		"wrong":              {text + "x", start, false},
		"empty":              {"", start, false},
		"the hash itself":    {secret.Hash, start, false},
	} {
		if got := c.SecretMatches(hash, row.presented, row.at); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	// A client without a secret is closed, whatever is presented.
	if (&client.Client{}).SecretMatches(func(string) []byte { return nil }, "x", start) {
		t.Error("no secret matched")
	}
	if (&client.Client{Secrets: []client.Secret{{}}}).SecretMatches(func(string) []byte { return nil }, "x", start) {
		t.Error("an empty hash matched")
	}
}

func TestMetadataSurviveStorage(t *testing.T) {
	t.Parallel()
	no, age := false, int64(0)
	m := agency()
	m.RequirePKCE, m.DefaultMaxAge, m.Development = &no, &age, true
	m.TermsOfUses = client.Localized{"": "https://tax.example/terms"}
	m.JWKS = json.RawMessage(publicKeySet)
	m.Resources = []string{"https://api.tax.example/"}
	stored := mustNew(t, m).Metadata
	b, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	var back client.Metadata
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	back.JWKS, stored.JWKS = nil, nil // spaces may differ
	if diff := cmp.Diff(stored, back); diff != "" {
		t.Error(diff)
	}
}
