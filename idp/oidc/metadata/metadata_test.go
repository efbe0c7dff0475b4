package metadata

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"surety/assurance"
	"surety/idp/oidc/claims"
)

// none is a house in which nobody can prove an identity.
func none() []assurance.ProofingMethod { return nil }

func get(t *testing.T, handler http.HandlerFunc) map[string]any {
	t.Helper()
	rec := httptest.NewRecorder()
	handler(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return out
}

// TestACRValuesFollowThePolicyInForce, and stay as they were while no policy
// can be confirmed: what clients know does not hang on our trouble.
func TestACRValuesFollowThePolicyInForce(t *testing.T) {
	t.Parallel()
	acrs := []string{"urn:one"}
	h, err := New(Config{Issuer: "https://id.example", ACRs: func() []string { return acrs }, Proofings: none}, func() []byte { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ force, told []string }{
		{[]string{"urn:one"}, []string{"urn:one"}},
		{[]string{"urn:one", "urn:two"}, []string{"urn:one", "urn:two"}},
		{nil, []string{"urn:one", "urn:two"}},
		{[]string{"urn:two"}, []string{"urn:two"}},
	} {
		acrs = step.force
		var told []string
		for _, v := range get(t, h.Configuration)["acr_values_supported"].([]any) {
			told = append(told, v.(string))
		}
		if !slices.Equal(told, step.told) {
			t.Errorf("in force %v: told %v", step.force, told)
		}
	}
}

func TestAuthorizationDetailsTypesAreTold(t *testing.T) {
	t.Parallel()
	h, err := New(Config{Issuer: "https://id.example", ACRs: func() []string { return nil }, Proofings: none}, func() []byte { return nil })
	if err != nil {
		t.Fatal(err)
	}
	types := get(t, h.Configuration)["authorization_details_types_supported"].([]any)
	if len(types) != 1 || types[0] != "procedure" {
		t.Errorf("%v", types)
	}
}

func TestTheTrustmarkExplainsEveryComponent(t *testing.T) {
	t.Parallel()
	h, err := New(Config{Issuer: "https://id.example", ACRs: func() []string { return nil }, Proofings: none}, func() []byte { return nil })
	if err != nil {
		t.Fatal(err)
	}
	page := get(t, h.Trustmark)
	if page["trustmark"] != "https://id.example/trustmark" {
		t.Errorf("%v", page)
	}
	text, _ := json.Marshal(page["components"])
	for _, c := range claims.Components() {
		if !strings.Contains(string(text), `"`+c.Value+`"`) {
			t.Errorf("%s is not explained", c.Value)
		}
	}
}

// TestVerifiedClaimsAreToldTrueToFact: no evidence that nobody here can give,
// and all that an answer may name, as the policy in force has it.
func TestVerifiedClaimsAreToldTrueToFact(t *testing.T) {
	t.Parallel()
	proofings := []assurance.ProofingMethod{assurance.ProofingRegistry, assurance.ProofingEDS}
	h, err := New(Config{
		Issuer: "https://id.example", TrustFramework: "surety_test",
		ACRs: func() []string { return []string{"urn:one"} }, Proofings: func() []assurance.ProofingMethod { return proofings },
	}, func() []byte { return nil })
	if err != nil {
		t.Fatal(err)
	}
	says := func(want map[string]string) {
		t.Helper()
		got := get(t, h.Configuration)
		for name, value := range want {
			text, _ := json.Marshal(got[name])
			if string(text) != value {
				t.Errorf("%s is %s, want %s", name, text, value)
			}
		}
	}
	says(map[string]string{
		"verified_claims_supported": "true", "trust_frameworks_supported": `["surety_test"]`,
		"claims_in_verified_claims_supported": `["name","family_name","given_name","patronymic","birthdate"]`,
		"evidence_supported":                  `["electronic_record","electronic_signature"]`, "electronic_records_supported": `["state_register"]`,
		"documents_supported": "null", "documents_check_methods_supported": "null",
	})
	proofings = append(proofings, assurance.ProofingCounter)
	says(map[string]string{
		"evidence_supported":  `["document","electronic_record","electronic_signature"]`,
		"documents_supported": `["idcard","passport","residence_permit"]`, "documents_check_methods_supported": `["vpip","pvp"]`,
	})
	if !slices.Contains(claims.Supported(), "verified_claims") {
		t.Error("claims_supported lacks verified_claims")
	}
}
