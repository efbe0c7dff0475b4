package client

import (
	"encoding/json"
	"time"

	"surety/assurance"
)

// AuthMethod says how a client proves itself at the token endpoint
// (RFC 7591, section 2, token_endpoint_auth_method).
type AuthMethod string

// The client authentication methods that Surety accepts.
const (
	AuthSecretBasic   AuthMethod = "client_secret_basic"
	AuthSecretPost    AuthMethod = "client_secret_post"
	AuthPrivateKeyJWT AuthMethod = "private_key_jwt"
	AuthNone          AuthMethod = "none" // a public client
)

// GrantType is a value of grant_types (RFC 7591, section 2).
type GrantType string

// The grant types that Surety gives.
const (
	GrantAuthorizationCode GrantType = "authorization_code"
	GrantRefreshToken      GrantType = "refresh_token"
	GrantClientCredentials GrantType = "client_credentials"
)

// SubjectType says whether sub is the same for every client (OpenID Connect
// Core 1.0, section 8).
type SubjectType string

// The subject types. Pairwise is the default, so that agencies cannot join
// what they know of a person.
const (
	SubjectPairwise SubjectType = "pairwise"
	SubjectPublic   SubjectType = "public"
)

// ApplicationType tells software on a person's device from a web site
// (OpenID Connect Dynamic Client Registration 1.0, section 2).
type ApplicationType string

// The application types.
const (
	ApplicationWeb    ApplicationType = "web"
	ApplicationNative ApplicationType = "native"
)

// Algorithm is a JWS algorithm by its registered name (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms for ID tokens and client assertions.
const (
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
	PS256 Algorithm = "PS256"
	EdDSA Algorithm = "EdDSA"
)

// TokenFormat is the form of a client's access tokens.
type TokenFormat string

// The access token formats: signed (RFC 9068), or a reference that only
// Surety can read.
const (
	TokenJWT    TokenFormat = "jwt"
	TokenOpaque TokenFormat = "opaque"
)

// ConsentMode says whether a person is asked before their data go to the client.
type ConsentMode string

// The consent modes. Implied is for the state's own pages and is set by the
// operator alone, never by an agency's document.
const (
	ConsentAsk     ConsentMode = "ask"
	ConsentImplied ConsentMode = "implied"
)

// Bounds of what a client may be registered with.
const (
	// MaxRefreshLifetime is the longest absolute end of a refresh token.
	MaxRefreshLifetime = 90 * 24 * time.Hour
	// MaxRefreshGrace is the longest time in which a used refresh token still
	// answers with the same successor.
	MaxRefreshGrace = 60 * time.Second
	// MaxDocument is the largest metadata document that is read.
	MaxDocument = 256 << 10

	maxURIs   = 50   // addresses in one list
	maxURI    = 2000 // bytes of one address
	maxText   = 200  // bytes of one name or other short text
	maxList   = 100  // entries of any other list
	maxKeys   = 20   // keys of a client's own set
	maxScopes = 1000 // bytes of scope
)

// Metadata is what a client is registered with, under the members' standard
// names. The zero value is not valid; Parse and Validate fill in the defaults.
type Metadata struct {
	Names       Localized `json:"-"` // client_name, also as client_name#be and so on
	Homes       Localized `json:"-"` // client_uri
	Logos       Localized `json:"-"` // logo_uri
	Policies    Localized `json:"-"` // policy_uri
	TermsOfUses Localized `json:"-"` // tos_uri
	Contacts    []string  `json:"contacts,omitempty"`

	ApplicationType ApplicationType `json:"application_type,omitempty"`
	Development     bool            `json:"development,omitempty"` // allows http on the loopback interface

	RedirectURIs                     []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs           []string `json:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURI             string   `json:"backchannel_logout_uri,omitempty"`
	BackchannelLogoutSessionRequired bool     `json:"backchannel_logout_session_required,omitempty"`
	// SecurityEvents is how the client hears of access tokens that were taken back.
	SecurityEvents EventDelivery `json:"security_events,omitempty"`

	InitiateLoginURI    string `json:"initiate_login_uri,omitempty"`
	SectorIdentifierURI string `json:"sector_identifier_uri,omitempty"`

	TokenEndpointAuthMethod     AuthMethod      `json:"token_endpoint_auth_method,omitempty"`
	TokenEndpointAuthSigningAlg Algorithm       `json:"token_endpoint_auth_signing_alg,omitempty"` // empty: any that fits the key
	JWKS                        json.RawMessage `json:"jwks,omitempty"`
	JWKSURI                     string          `json:"jwks_uri,omitempty"`

	GrantTypes    []GrantType `json:"grant_types,omitempty"`
	ResponseTypes []string    `json:"response_types,omitempty"` // "code" alone
	Scope         string      `json:"scope,omitempty"`          // scopes it may ask for; empty: all that Surety has for people
	Resources     []string    `json:"resources,omitempty"`      // values allowed for resource (RFC 8707), and so audiences

	SubjectType              SubjectType `json:"subject_type,omitempty"`
	IDTokenSignedResponseAlg Algorithm   `json:"id_token_signed_response_alg,omitempty"`
	AccessTokenFormat        TokenFormat `json:"access_token_format,omitempty"`
	RequirePKCE              *bool       `json:"require_pkce,omitempty"` // nil: demanded

	DefaultMaxAge   *int64 `json:"default_max_age,omitempty"` // seconds; nil: none
	RequireAuthTime bool   `json:"require_auth_time,omitempty"`
	// Agency names whose procedures the client may ask for; several clients of
	// one agency share it. Empty: the client's own id.
	Agency       string              `json:"agency,omitempty"`
	MinimumLevel assurance.LevelName `json:"minimum_level,omitempty"`
	Consent      ConsentMode         `json:"consent,omitempty"`

	RefreshTokenLifetime int64 `json:"refresh_token_lifetime,omitempty"` // seconds until the absolute end; 0: the profile's
	RefreshTokenGrace    int64 `json:"refresh_token_grace,omitempty"`    // seconds; 0: the profile's
}
