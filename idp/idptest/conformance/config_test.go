package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

// members are those of provider metadata in the IANA registry of OAuth
// authorization server metadata that a provider like ours may have, with
// their types; the standards' words for them begin with OpenID Connect
// Discovery 1.0, section 3.
var members = map[string]string{
	"issuer": "url", "authorization_endpoint": "url", "token_endpoint": "url", "userinfo_endpoint": "url", "jwks_uri": "url",
	"registration_endpoint": "url", "end_session_endpoint": "url", "revocation_endpoint": "url", "introspection_endpoint": "url",
	"pushed_authorization_request_endpoint": "url", "device_authorization_endpoint": "url", "service_documentation": "url",
	"op_policy_uri": "url", "op_tos_uri": "url", "check_session_iframe": "url",
	"scopes_supported": "list", "response_types_supported": "list", "response_modes_supported": "list", "grant_types_supported": "list",
	"acr_values_supported": "list", "subject_types_supported": "list", "id_token_signing_alg_values_supported": "list",
	"id_token_encryption_alg_values_supported": "list", "id_token_encryption_enc_values_supported": "list",
	"userinfo_signing_alg_values_supported": "list", "request_object_signing_alg_values_supported": "list",
	"token_endpoint_auth_methods_supported": "list", "token_endpoint_auth_signing_alg_values_supported": "list",
	"revocation_endpoint_auth_methods_supported": "list", "revocation_endpoint_auth_signing_alg_values_supported": "list",
	"introspection_endpoint_auth_methods_supported": "list", "introspection_endpoint_auth_signing_alg_values_supported": "list",
	"display_values_supported": "list", "claim_types_supported": "list", "claims_supported": "list", "claims_locales_supported": "list",
	"ui_locales_supported": "list", "code_challenge_methods_supported": "list", "prompt_values_supported": "list",
	"trust_frameworks_supported": "list", "claims_in_verified_claims_supported": "list", "evidence_supported": "list",
	"documents_supported": "list", "documents_check_methods_supported": "list", "electronic_records_supported": "list",
	"verified_claims_supported":             "bool",
	"authorization_details_types_supported": "list", "dpop_signing_alg_values_supported": "list",
	"claims_parameter_supported": "bool", "request_parameter_supported": "bool", "request_uri_parameter_supported": "bool",
	"require_request_uri_registration": "bool", "authorization_response_iss_parameter_supported": "bool",
	"backchannel_logout_supported": "bool", "backchannel_logout_session_supported": "bool",
	"frontchannel_logout_supported": "bool", "frontchannel_logout_session_supported": "bool",
	"require_pushed_authorization_requests": "bool", "tls_client_certificate_bound_access_tokens": "bool",
}

// TestConfig is the configuration plan.
func TestConfig(t *testing.T) {
	t.Parallel()
	o := start(t)
	t.Run("oidcc-discovery-endpoint-verification", func(t *testing.T) {
		t.Parallel()
		o := o.on(t)
		o.checkMetadata(false)
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
			r := o.get(o.world.Issuer + path)
			o.wantJSON(r, http.StatusOK)
			again, _ := json.Marshal(r.json)
			if first, _ := json.Marshal(o.meta); string(again) != string(first) {
				o.Errorf("%s says %s", path, again)
			}
			head := o.send(o.request(http.MethodHead, o.world.Issuer+path, nil))
			if head.StatusCode != http.StatusOK || len(head.body) > 0 {
				o.Errorf("HEAD %s: %d", path, head.StatusCode)
			}
		}
	})
	t.Run("oidcc-discovery-endpoint-verification, what is offered is there", func(t *testing.T) {
		t.Parallel()
		offered(o.on(t))
	})
}

// checkMetadata holds the document to section 2. Only a provider that is
// reached by https can have https addresses.
func (o *op) checkMetadata(https bool) {
	o.Helper()
	for _, name := range []string{
		"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint", "revocation_endpoint", "introspection_endpoint",
	} {
		o.endpoint(name)
	}
	for name, value := range o.meta {
		o.checkMember(name, value, https)
	}
	for name, wants := range map[string][]string{
		"response_types_supported": {"code"}, "subject_types_supported": {"pairwise", "public"}, "scopes_supported": {"openid"},
		"id_token_signing_alg_values_supported": {"RS256", "ES256", "PS256", "EdDSA"}, "claims_supported": {"sub"},
		"grant_types_supported": {"authorization_code", "refresh_token", "client_credentials"}, "code_challenge_methods_supported": {"S256"},
		"token_endpoint_auth_methods_supported": {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"response_modes_supported":              {"query", "form_post"},
		"trust_frameworks_supported":            {"surety_demo"},
		"claims_in_verified_claims_supported":   {"name", "family_name", "given_name", "patronymic", "birthdate"},
		"evidence_supported":                    {"document", "electronic_record", "electronic_signature"},
		"authorization_details_types_supported": {"procedure"},
	} {
		for _, want := range wants {
			if !slices.Contains(o.lists(name), want) {
				o.Errorf("%s lacks %s: %v", name, want, o.lists(name))
			}
		}
	}
	// What is left out has a default, and it is not ours: true for request_uri.
	for name, want := range map[string]bool{
		"claims_parameter_supported": true, "request_parameter_supported": false, "request_uri_parameter_supported": false,
		"authorization_response_iss_parameter_supported": true,
	} {
		if got, there := o.meta[name].(bool); !there || got != want {
			o.Errorf("%s is %v, want %t", name, o.meta[name], want)
		}
	}
	for _, scope := range o.lists("scopes_supported") {
		if scope == "" || !tokenText(scope) || !printable(scope) {
			o.Errorf("scope %q", scope)
		}
	}
	for _, tag := range o.lists("ui_locales_supported") {
		if parsed, err := language.Parse(tag); err != nil || parsed.String() != tag {
			o.Errorf("ui locale %q is not in canonical form: %v %v", tag, parsed, err)
		}
	}
	if slices.Contains(o.lists("code_challenge_methods_supported"), "plain") {
		o.Error("plain PKCE is offered")
	}
}

func (o *op) checkMember(name string, value any, https bool) {
	o.Helper()
	switch members[name] {
	case "":
		o.Errorf("the member %s is not known", name)
	case "bool":
		if _, ok := value.(bool); !ok {
			o.Errorf("%s is %v", name, value)
		}
	case "list":
		all := o.lists(name)
		for i, v := range all {
			if v == "" || slices.Contains(all[:i], v) {
				o.Errorf("%s has an empty or repeated value: %v", name, all)
			}
		}
		if len(all) == 0 {
			o.Errorf("%s is empty: leave it out (RFC 8414, section 3.2)", name)
		}
	case "url":
		s, _ := value.(string)
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || https && u.Scheme != "https" || !strings.HasPrefix(s, o.world.Issuer) {
			o.Errorf("%s is %v", name, value)
		}
	}
}

// offered knocks at every endpoint and uses what the metadata promise and no
// other test does.
func offered(o *op) {
	for _, name := range []string{"op_tos_uri", "jwks_uri"} {
		if r := o.get(o.endpoint(name)); r.StatusCode != http.StatusOK {
			o.Errorf("%s answers %d", name, r.StatusCode)
		}
	}
	for _, name := range []string{"token_endpoint", "revocation_endpoint", "introspection_endpoint"} {
		if r := o.get(o.endpoint(name)); r.StatusCode != http.StatusMethodNotAllowed {
			o.Errorf("GET %s answers %d", name, r.StatusCode)
		}
	}
	if want := []string{acr("basic"), acr("checked"), acr("substantial"), acr("high")}; !slices.Equal(o.lists("acr_values_supported"), want) {
		o.Errorf("acr_values_supported %v, want %v in this order", o.lists("acr_values_supported"), want)
	}
	r, v := o.register(nil), o.visitor()
	vectors(o, v.flow(r))
	// Each prompt does something of its own.
	for prompt, path := range map[string]string{"login": "/sign-in", "consent": "/consent", "select_account": "/select-account"} {
		if p := v.open(r.ask("prompt", prompt)); p.Away || p.URL.Path != path {
			o.Errorf("prompt=%s leads to %s", prompt, p.URL)
		}
	}
	if want := []string{"consent", "login", "none", "select_account"}; !slices.Equal(slices.Sorted(slices.Values(o.lists("prompt_values_supported"))), want) {
		o.Errorf("prompt_values_supported %v", o.lists("prompt_values_supported"))
	}
	v.refused(r, r.ask("prompt", "none login"), "invalid_request")
	v.refused(r, r.ask("response_mode", "fragment"), "invalid_request", "unsupported_response_mode")
	// Each language is spoken.
	for _, tag := range o.lists("ui_locales_supported") {
		if got := languageOf(o.visitor().open(r.ask("ui_locales", tag))); got != tag {
			o.Errorf("ui_locales=%s: the page is in %q", tag, got)
		}
	}
}

// vectors: what a vector of trust says is in words at the address beside it
// (RFC 8485, section 5).
func vectors(o *op, t tokens) {
	o.Helper()
	address, _ := t.id["vtm"].(string)
	vector, _ := t.id["vot"].(string)
	if vector == "" || !strings.HasPrefix(address, o.world.Issuer+"/") {
		o.Fatalf("vot %v, vtm %v", t.id["vot"], t.id["vtm"])
	}
	page := o.get(address)
	o.wantJSON(page, http.StatusOK)
	for component := range strings.SplitSeq(vector, ".") {
		if !strings.Contains(string(page.body), `"`+component+`"`) {
			o.Errorf("the page of trust does not explain %s:\n%s", component, page.body)
		}
	}
}
