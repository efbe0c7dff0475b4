package client

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"surety/idp"

	"github.com/go-jose/go-jose/v4"
)

// New makes a client of metadata. It fills in the defaults, checks every
// member and parses addresses and keys.
//
// Errors: *InvalidMetadata, which lists all that is wrong.
func New(id idp.ClientID, m Metadata, at time.Time) (*Client, error) {
	m.applyDefaults()
	c := &Client{ID: id, Metadata: m, CreatedAt: at, UpdatedAt: at}
	v := &validation{Client: c}
	v.texts()
	v.flows()
	v.addresses()
	v.authentication()
	v.subjects()
	v.tokens()
	v.agency()
	v.events()
	if len(v.problems) > 0 {
		return nil, &InvalidMetadata{Members: v.problems}
	}
	c.scopes = strings.Fields(m.Scope)
	return c, nil
}

// applyDefaults sets what RFC 7591, section 2, and OpenID Connect Dynamic
// Client Registration 1.0, section 2, say for members that are left out, and
// Surety's own defaults.
func (m *Metadata) applyDefaults() {
	defaultTo(&m.ApplicationType, ApplicationWeb)
	defaultTo(&m.TokenEndpointAuthMethod, AuthSecretBasic)
	defaultTo(&m.SubjectType, SubjectPairwise)
	defaultTo(&m.IDTokenSignedResponseAlg, ES256)
	defaultTo(&m.AccessTokenFormat, TokenJWT)
	defaultTo(&m.Consent, ConsentAsk)
	if m.GrantTypes == nil {
		m.GrantTypes = []GrantType{GrantAuthorizationCode}
	}
	if m.ResponseTypes == nil && slices.Contains(m.GrantTypes, GrantAuthorizationCode) {
		m.ResponseTypes = []string{"code"}
	}
}

func defaultTo[T ~string](member *T, value T) {
	if *member == "" {
		*member = value
	}
}

// validation collects what is wrong with one client.
type validation struct {
	*Client
	problems []MemberError
}

func (v *validation) wrong(member, format string, args ...any) {
	v.problems = append(v.problems, MemberError{member, fmt.Sprintf(format, args...)})
}

func (v *validation) uri(member, raw string, loopbackHTTP bool) {
	if raw == "" {
		return
	}
	if err := webURI(raw, loopbackHTTP); err != nil {
		v.wrong(member, "%v", err)
	}
}

func (v *validation) texts() {
	if len(v.Names) == 0 {
		v.wrong("client_name", "is missing: people must read who wants their data")
	}
	for tag, s := range v.Names {
		if strings.TrimSpace(s) == "" || len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, isControl) {
			v.wrong(tagged("client_name", tag), "is empty, longer than %d bytes or holds control characters", maxText)
		}
	}
	for member, l := range map[string]Localized{"client_uri": v.Homes, "logo_uri": v.Logos, "policy_uri": v.Policies, "tos_uri": v.TermsOfUses} {
		for tag, s := range l {
			if err := webURI(s, v.Development); err != nil {
				v.wrong(tagged(member, tag), "%v", err)
			}
		}
	}
	v.list("contacts", v.Contacts, maxText)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func tagged(member, tag string) string {
	if tag == "" {
		return member
	}
	return member + "#" + tag
}

// list bounds a list and its entries, and refuses empty and repeated ones.
func (v *validation) list(member string, list []string, size int) {
	if len(list) > maxList {
		v.wrong(member, "has more than %d entries", maxList)
		return
	}
	for i, s := range list {
		switch {
		case s == "" || len(s) > size || strings.ContainsFunc(s, isControl):
			v.wrong(member, "entry %d is empty, longer than %d bytes or holds control characters", i+1, size)
		case slices.Contains(list[:i], s):
			v.wrong(member, "entry %d is there twice", i+1)
		}
	}
}

// flows checks that grant types, response types and scope fit one another.
func (v *validation) flows() {
	if len(v.GrantTypes) == 0 {
		v.wrong("grant_types", "is empty")
	}
	for i, g := range v.GrantTypes {
		switch {
		case g != GrantAuthorizationCode && g != GrantRefreshToken && g != GrantClientCredentials:
			v.wrong("grant_types", "has %q, which Surety does not give", g)
		case slices.Contains(v.GrantTypes[:i], g):
			v.wrong("grant_types", "has %q twice", g)
		}
	}
	if v.May(GrantRefreshToken) && !v.May(GrantAuthorizationCode) {
		v.wrong("grant_types", "has refresh_token without authorization_code")
	}
	if v.May(GrantClientCredentials) && v.Public() {
		v.wrong("grant_types", "has client_credentials, which a public client cannot use (RFC 6749, section 4.4)")
	}
	code := len(v.ResponseTypes) == 1 && v.ResponseTypes[0] == "code"
	switch {
	case v.May(GrantAuthorizationCode) && !code:
		v.wrong("response_types", `must be ["code"]`)
	case !v.May(GrantAuthorizationCode) && len(v.ResponseTypes) > 0:
		v.wrong("response_types", "needs the grant type authorization_code")
	}
	if len(v.Scope) > maxScopes || strings.ContainsFunc(v.Scope, notScope) {
		v.wrong("scope", "is longer than %d bytes or holds a character that scopes cannot have (RFC 6749, section 3.3)", maxScopes)
	}
}

func notScope(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

func (v *validation) addresses() {
	native := v.ApplicationType == ApplicationNative
	if !native && v.ApplicationType != ApplicationWeb {
		v.wrong("application_type", "is %q, want web or native", v.ApplicationType)
	}
	loopback := native || v.Public() || v.Development
	switch n := len(v.RedirectURIs); {
	case n == 0 && v.May(GrantAuthorizationCode):
		v.wrong("redirect_uris", "is missing")
	case n > maxURIs:
		v.wrong("redirect_uris", "has more than %d entries", maxURIs)
	default:
		for i, raw := range v.RedirectURIs {
			r, err := redirectURI(raw, native, loopback)
			switch {
			case err != nil:
				v.wrong("redirect_uris", "entry %d %v", i+1, err)
			case slices.Contains(v.RedirectURIs[:i], raw):
				v.wrong("redirect_uris", "entry %d is there twice", i+1)
			}
			v.redirects = append(v.redirects, r)
		}
	}
	if len(v.PostLogoutRedirectURIs) > maxURIs {
		v.wrong("post_logout_redirect_uris", "has more than %d entries", maxURIs)
	} else {
		for i, raw := range v.PostLogoutRedirectURIs {
			if _, err := redirectURI(raw, native, loopback); err != nil {
				v.wrong("post_logout_redirect_uris", "entry %d %v", i+1, err)
			}
		}
	}
	v.uri("backchannel_logout_uri", v.BackchannelLogoutURI, v.Development)
	v.uri("initiate_login_uri", v.InitiateLoginURI, v.Development)
	if v.BackchannelLogoutSessionRequired && v.BackchannelLogoutURI == "" {
		v.wrong("backchannel_logout_session_required", "needs backchannel_logout_uri")
	}
}

func (v *validation) authentication() {
	switch v.TokenEndpointAuthMethod {
	case AuthSecretBasic, AuthSecretPost, AuthPrivateKeyJWT, AuthNone:
	default:
		v.wrong("token_endpoint_auth_method", "is %q, want client_secret_basic, client_secret_post, private_key_jwt or none", v.TokenEndpointAuthMethod)
	}
	if a := v.TokenEndpointAuthSigningAlg; a != "" && !known(a) {
		v.wrong("token_endpoint_auth_signing_alg", "is %q, want ES256, RS256, PS256 or EdDSA", a)
	}
	if len(v.JWKS) > 0 && v.JWKSURI != "" {
		v.wrong("jwks", "and jwks_uri are both there (RFC 7591, section 2)")
	}
	v.uri("jwks_uri", v.JWKSURI, false)
	if v.TokenEndpointAuthMethod == AuthPrivateKeyJWT && len(v.JWKS) == 0 && v.JWKSURI == "" {
		v.wrong("jwks", "or jwks_uri is needed for private_key_jwt")
	}
	if len(v.JWKS) > 0 {
		v.keys()
	}
	if !v.PKCERequired() && v.Public() {
		v.wrong("require_pkce", "may be false only for a client that authenticates itself (RFC 9700, section 2.1.1)")
	}
}

func (v *validation) keys() {
	if err := json.Unmarshal(v.JWKS, &v.Keys); err != nil || len(v.Keys.Keys) == 0 {
		v.wrong("jwks", "is not a key set (RFC 7517) with at least one key")
		return
	}
	if len(v.Keys.Keys) > maxKeys {
		v.wrong("jwks", "has more than %d keys", maxKeys)
	}
	for i, k := range v.Keys.Keys {
		if problem := keyProblem(k); problem != "" {
			v.wrong("jwks", "key %d %s", i+1, problem)
		}
	}
}

// keyProblem says why a key cannot verify assertions, or nothing. A private
// key is refused loudly: whoever sent it has given it away.
func keyProblem(k jose.JSONWebKey) string {
	switch {
	case !k.IsPublic():
		return "is private or symmetric: send only the public part, and make a new key"
	case !k.Valid():
		return "is not valid"
	case k.Use != "" && k.Use != "sig":
		return "" // an encryption key may lie beside; it verifies nothing
	case k.Algorithm != "" && !known(Algorithm(k.Algorithm)):
		return fmt.Sprintf("has alg %q, want ES256, RS256, PS256 or EdDSA", k.Algorithm)
	}
	return weakness(k)
}

// subjects finds the sector (OpenID Connect Core 1.0, section 8.1). That every
// redirect URI is listed at sector_identifier_uri is the operator's to know:
// it is the operator who registers clients, not the agency.
func (v *validation) subjects() {
	if v.SubjectType != SubjectPairwise && v.SubjectType != SubjectPublic {
		v.wrong("subject_type", "is %q, want pairwise or public", v.SubjectType)
	}
	if v.SectorIdentifierURI != "" {
		v.uri("sector_identifier_uri", v.SectorIdentifierURI, false)
		if u, err := url.Parse(v.SectorIdentifierURI); err == nil {
			v.Sector = u.Hostname()
		}
		return
	}
	var hosts []string
	for _, raw := range v.RedirectURIs {
		if u, err := url.Parse(raw); err == nil && !slices.Contains(hosts, u.Hostname()) {
			hosts = append(hosts, u.Hostname())
		}
	}
	switch {
	case len(hosts) == 1 && hosts[0] != "":
		v.Sector = hosts[0]
	case len(hosts) > 1 && v.SubjectType == SubjectPairwise:
		v.wrong("sector_identifier_uri", "is needed: the redirect URIs have several hosts")
	default:
		v.Sector = string(v.ID) // no host to go by: a sector of its own
	}
}

func (v *validation) tokens() {
	if a := v.IDTokenSignedResponseAlg; !known(a) {
		v.wrong("id_token_signed_response_alg", "is %q, want ES256, RS256, PS256 or EdDSA", a)
	}
	if f := v.AccessTokenFormat; f != TokenJWT && f != TokenOpaque {
		v.wrong("access_token_format", "is %q, want jwt or opaque", f)
	}
	if c := v.Consent; c != ConsentAsk && c != ConsentImplied {
		v.wrong("consent", "is %q, want ask or implied", c)
	}
	if v.DefaultMaxAge != nil && (*v.DefaultMaxAge < 0 || *v.DefaultMaxAge > int64(MaxRefreshLifetime/time.Second)) {
		v.wrong("default_max_age", "is not between 0 and %d seconds", int64(MaxRefreshLifetime/time.Second))
	}
	if n := v.RefreshTokenLifetime; n < 0 || n > int64(MaxRefreshLifetime/time.Second) {
		v.wrong("refresh_token_lifetime", "is not between 1 and %d seconds", int64(MaxRefreshLifetime/time.Second))
	}
	if n := v.RefreshTokenGrace; n < 0 || n > int64(MaxRefreshGrace/time.Second) {
		v.wrong("refresh_token_grace", "is not between 1 and %d seconds", int64(MaxRefreshGrace/time.Second))
	}
	if len(v.MinimumLevel) > maxText {
		v.wrong("minimum_level", "is longer than %d bytes", maxText)
	}
	v.list("resources", v.Resources, maxURI)
	for i, raw := range v.Resources {
		if u, err := parseURI(raw); err != nil {
			v.wrong("resources", "entry %d %v (RFC 8707, section 2)", i+1, err)
		} else if u.Opaque == "" && u.Host == "" {
			v.wrong("resources", "entry %d has no host", i+1)
		}
	}
}

// agencyShape is what can stand in addresses and tokens without escaping.
var agencyShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$`)

func (v *validation) agency() {
	if v.Agency != "" && !agencyShape.MatchString(v.Agency) {
		v.wrong("agency", "is not 1 to 100 letters, digits, dots, hyphens, underscores or tildes")
	}
}

func known(a Algorithm) bool { return a == ES256 || a == RS256 || a == PS256 || a == EdDSA }
