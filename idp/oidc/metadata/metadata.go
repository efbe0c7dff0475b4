package metadata

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"surety/assurance"
	"surety/idp/claim"
	"surety/idp/client"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/details"
	"surety/idp/oidc/verified"
)

// The paths of the endpoints, below the issuer.
const (
	PathConfiguration = "/.well-known/openid-configuration"
	PathAuthServer    = "/.well-known/oauth-authorization-server"
	PathJWKS          = "/jwks"
	PathAuthorize     = "/authorize"
	PathContinue      = "/continue"
	PathToken         = "/token"
	PathIntrospect    = "/introspect"
	PathRevoke        = "/revoke"
	PathUserInfo      = "/userinfo"
	PathLogout        = "/logout"
	PathTerms         = "/terms"
	// PathOutcomes is what the address of an outcome begins with; its reference follows.
	PathOutcomes  = "/outcomes/"
	PathTrustmark = "/trustmark"
)

// MaxAge is how long clients may keep the key set and the document (DESIGN
// §4): the next key is published well over that ahead of its first use.
const MaxAge = time.Hour

// document is the provider's metadata. Members are in the order of OpenID
// Connect Discovery 1.0, section 3, then those of later specifications.
type document struct {
	Issuer             string   `json:"issuer"`
	Authorization      string   `json:"authorization_endpoint"`
	Token              string   `json:"token_endpoint"`
	UserInfo           string   `json:"userinfo_endpoint"`
	JWKS               string   `json:"jwks_uri"`
	Scopes             []string `json:"scopes_supported"`
	ResponseTypes      []string `json:"response_types_supported"`
	ResponseModes      []string `json:"response_modes_supported"`
	GrantTypes         []string `json:"grant_types_supported"`
	ACRValues          []string `json:"acr_values_supported,omitempty"`
	SubjectTypes       []string `json:"subject_types_supported"`
	IDTokenAlgs        []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	ClaimTypes         []string `json:"claim_types_supported"`
	Claims             []string `json:"claims_supported"`
	UILocales          []string `json:"ui_locales_supported"`
	ClaimsParameter    bool     `json:"claims_parameter_supported"`
	RequestParameter   bool     `json:"request_parameter_supported"`
	RequestURI         bool     `json:"request_uri_parameter_supported"`
	TermsURI           string   `json:"op_tos_uri"`
	Revocation         string   `json:"revocation_endpoint"`
	RevocationAuth     []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	Introspection      string   `json:"introspection_endpoint"`
	IntrospectionAuth  []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAlgs  []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	ChallengeMethods   []string `json:"code_challenge_methods_supported"`
	IssInAnswer        bool     `json:"authorization_response_iss_parameter_supported"`
	EndSession         string   `json:"end_session_endpoint"`
	BackchannelLogout  bool     `json:"backchannel_logout_supported"`
	BackchannelSession bool     `json:"backchannel_logout_session_supported"`
	PromptValues       []string `json:"prompt_values_supported"`
	DetailsTypes       []string `json:"authorization_details_types_supported"`

	// OpenID Connect for Identity Assurance 1.0.
	VerifiedClaims    bool     `json:"verified_claims_supported"` // of its drafts; readers of these look for it
	TrustFrameworks   []string `json:"trust_frameworks_supported"`
	ClaimsInVerified  []string `json:"claims_in_verified_claims_supported"`
	Evidence          []string `json:"evidence_supported,omitempty"`
	Documents         []string `json:"documents_supported,omitempty"`
	DocumentChecks    []string `json:"documents_check_methods_supported,omitempty"`
	ElectronicRecords []string `json:"electronic_records_supported,omitempty"`
}

// Config is what the document says of this installation.
type Config struct {
	Issuer string
	// ACRs are the acr values of the policy in force, lowest first. While they
	// cannot be told it returns nil, and the document stays as it was.
	ACRs      func() []string
	Languages []string // BCP 47
	// TrustFramework is what verified claims are verified under, Proofings by
	// what identities can be proven here: the policy in force says so.
	TrustFramework string
	Proofings      func() []assurance.ProofingMethod
}

// policy is what the document says of the policy in force.
type policy struct {
	acrs      []string
	proofings []assurance.ProofingMethod
}

func (p policy) equal(q policy) bool {
	return slices.Equal(p.acrs, q.acrs) && slices.Equal(p.proofings, q.proofings)
}

func (c Config) policy() policy {
	return policy{acrs: c.ACRs(), proofings: c.Proofings()}
}

func (c Config) document(p policy) document {
	secretOrKey := []string{string(client.AuthSecretBasic), string(client.AuthSecretPost), string(client.AuthPrivateKeyJWT)}
	evidence := verified.SupportedBy(p.proofings)
	algs := []string{string(client.ES256), string(client.RS256), string(client.PS256), string(client.EdDSA)}
	return document{
		Issuer: c.Issuer, Authorization: c.Issuer + PathAuthorize, Token: c.Issuer + PathToken, UserInfo: c.Issuer + PathUserInfo,
		JWKS: c.Issuer + PathJWKS, EndSession: c.Issuer + PathLogout, Revocation: c.Issuer + PathRevoke, Introspection: c.Issuer + PathIntrospect,
		TermsURI:      c.Issuer + PathTerms,
		Scopes:        claims.Scopes(),
		ResponseTypes: []string{"code"},
		ResponseModes: []string{"query", "form_post"},
		GrantTypes:    []string{"authorization_code", "refresh_token", "client_credentials"},
		ACRValues:     p.acrs,
		SubjectTypes:  []string{string(client.SubjectPairwise), string(client.SubjectPublic)},
		IDTokenAlgs:   algs, TokenAuthAlgs: algs, RevocationAuthAlgs: algs, IntrospectionAlgs: algs,
		TokenAuthMethods: append(secretOrKey, string(client.AuthNone)), RevocationAuth: append(secretOrKey, string(client.AuthNone)),
		IntrospectionAuth: secretOrKey,
		ClaimTypes:        []string{"normal"},
		Claims:            claims.Supported(),
		UILocales:         c.Languages,
		ClaimsParameter:   true,
		ChallengeMethods:  []string{"S256"},
		IssInAnswer:       true,
		BackchannelLogout: true, BackchannelSession: true,
		PromptValues: []string{"none", "login", "consent", "select_account"},
		DetailsTypes: details.Types(),

		VerifiedClaims: true, TrustFrameworks: []string{c.TrustFramework}, ClaimsInVerified: claim.Verifiable(),
		Evidence: evidence.Evidence, Documents: evidence.Documents, DocumentChecks: evidence.DocumentChecks, ElectronicRecords: evidence.Records,
	}
}

// Handler serves the document, the key set and the trustmark.
type Handler struct {
	config    Config
	built     atomic.Pointer[built]
	jwks      func() []byte
	trustmark []byte
}

// built is the document as it was written for a policy.
type built struct {
	policy policy
	text   []byte
}

// New builds the document. jwks gives the key set of the moment.
func New(c Config, jwks func() []byte) (*Handler, error) {
	h := &Handler{config: c, jwks: jwks}
	if err := h.build(c.policy()); err != nil {
		return nil, err
	}
	text, err := trustmark(c.Issuer)
	h.trustmark = text
	return h, err
}

func (h *Handler) build(p policy) error {
	text, err := json.Marshal(h.config.document(p))
	if err != nil {
		return fmt.Errorf("write metadata: %w", err)
	}
	h.built.Store(&built{policy: p, text: text})
	return nil
}

// current is the document for the policy in force. Two requests may write it
// at the same moment: they write the same.
func (h *Handler) current() []byte {
	if p := h.config.policy(); p.acrs != nil && !p.equal(h.built.Load().policy) {
		_ = h.build(p) // what was written before can be written again
	}
	return h.built.Load().text
}

var cacheControl = []string{"public, max-age=" + strconv.Itoa(int(MaxAge/time.Second))}

// Configuration answers GET and HEAD of the metadata document.
func (h *Handler) Configuration(w http.ResponseWriter, _ *http.Request) {
	write(w, "application/json", h.current())
}

// Keys answers GET and HEAD of the key set (RFC 7517, section 8.5.2, names
// its media type).
func (h *Handler) Keys(w http.ResponseWriter, _ *http.Request) {
	write(w, "application/jwk-set+json", h.jwks())
}

// Trustmark answers GET and HEAD of what vtm names (RFC 8485, section 5).
func (h *Handler) Trustmark(w http.ResponseWriter, _ *http.Request) {
	write(w, "application/json", h.trustmark)
}

func write(w http.ResponseWriter, contentType string, body []byte) {
	header := w.Header()
	header["Content-Type"] = []string{contentType}
	header["Cache-Control"] = cacheControl
	header["X-Content-Type-Options"] = []string{"nosniff"}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body) // the client is gone if this fails
}
