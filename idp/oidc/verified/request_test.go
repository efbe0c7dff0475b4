package verified_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"surety/idp/claim"
	"surety/idp/oidc/verified"
)

// asking is the smallest request, with what differs.
func asking(verification, claims string) string {
	if verification != "" {
		verification = "," + verification
	}
	return `{"verification":{"trust_framework":null` + verification + `},"claims":` + claims + `}`
}

// requests are what agencies may write: the published schema takes them, and so do we.
var requests = []string{
	asking("", `{"given_name":null}`),
	asking("", `{"given_name":{"essential":true},"family_name":{"essential":false},"birthdate":{"value":"1984-02-29"},"unheard_of":null}`),
	asking("", `{"email":null,"place_of_birth":null}`),
	asking("", `null`),
	asking(`"assurance_level":null,"time":null,"verification_process":null`, `{"name":null}`),
	asking(`"assurance_level":{"value":"confirmed"},"time":{"max_age":63113852,"essential":true}`, `{"name":null}`),
	asking(`"assurance_level":{"values":["standard","confirmed"]}`, `{"name":null}`),
	asking(`"evidence":[{"type":{"value":"document"}}]`, `{"name":null}`),
	asking(`"evidence":[{"type":{"value":"document"},"check_details":[{"check_method":{"value":"vpip"},"time":null,"organization":null}],
		"document_details":{"type":null,"date_of_expiry":{"max_age":0},"issuer":{"country":null}}},
		{"type":{"value":"electronic_record"},"record":{"type":{"values":["state_register"]},"source":{"name":null}}},
		{"type":{"value":"vouch"},"attestation":{"type":null,"voucher":{"name":null}}},
		{"type":{"value":"electronic_signature"},"signature_type":null,"issuer":null,"created_at":{"max_age":60}}]`, `{"name":null,"birthdate":null}`),
	asking(`"assurance_process":{"policy":null,"assurance_details":[{"assurance_type":null,"evidence_ref":[{"check_id":null,"evidence_metadata":{"evidence_classification":{"value":"x"}}}]}]}`, `{"name":null}`),
	`[` + asking("", `{"name":null}`) + `,` + asking(`"time":null`, `{"birthdate":null}`) + `]`,
	`[]`,
}

func TestWhatTheSchemaTakesWeTake(t *testing.T) {
	t.Parallel()
	s := schema(t, schemaRequest)
	for _, text := range requests {
		if err := s.Validate(decoded(t, []byte(`{"userinfo":{"verified_claims":`+text+`},"id_token":{"verified_claims":`+text+`}}`))); err != nil {
			t.Errorf("the schema refuses %s: %v", text, err)
		}
		if _, err := verified.Parse(json.RawMessage(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestWhatTheSchemaRefusesWeRefuse, and what the specification's text forbids.
func TestWhatTheSchemaRefusesWeRefuse(t *testing.T) {
	t.Parallel()
	s := schema(t, schemaRequest)
	for _, text := range []string{
		`null`, `1`, `"x"`, `true`, `{}`, `[null]`, `[[]]`,
		`{"verification":{"trust_framework":null}}`, `{"claims":{"name":null}}`,
		`{"verification":null,"claims":{"name":null}}`, `{"verification":[],"claims":{"name":null}}`, `{"verification":{},"claims":{"name":null}}`,
		`{"verification":{"trust_framework":null},"claims":{"name":null},"purpose":"x"}`,
		asking("", `{}`), asking("", `[]`), asking("", `{"name":1}`), asking("", `{"unheard_of":1}`), asking("", `{"name":{"essential":"yes"}}`),
		asking(`"assurance_level":"confirmed"`, `{"name":null}`), asking(`"assurance_level":{"value":1}`, `{"name":null}`),
		asking(`"assurance_level":{"values":[]}`, `{"name":null}`), asking(`"assurance_level":{"values":"x"}`, `{"name":null}`),
		asking(`"assurance_level":{"values":[1]}`, `{"name":null}`), asking(`"assurance_level":{"essential":1}`, `{"name":null}`),
		asking(`"time":{"max_age":-1}`, `{"name":null}`), asking(`"time":{"max_age":1.5}`, `{"name":null}`), asking(`"time":{"max_age":"1"}`, `{"name":null}`),
		asking(`"time":{"max_age":null}`, `{"name":null}`),
		asking(`"evidence":null`, `{"name":null}`), asking(`"evidence":[]`, `{"name":null}`), asking(`"evidence":[null]`, `{"name":null}`),
		asking(`"evidence":{}`, `{"name":null}`), asking(`"evidence":[{}]`, `{"name":null}`),
		asking(`"evidence":[{"type":{"value":"document"},"check_details":[]}]`, `{"name":null}`),
		asking(`"evidence":[{"type":{"value":"document"},"check_details":[{"time":null}]}]`, `{"name":null}`),
	} {
		if s.Validate(decoded(t, []byte(`{"userinfo":{"verified_claims":`+text+`}}`))) == nil {
			t.Errorf("the schema takes %s", text)
		}
		if _, err := verified.Parse(json.RawMessage(text)); !errors.Is(err, verified.ErrRequest) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		// The schema does not say that an entry of evidence names one type; the text does.
		asking(`"evidence":[{"type":null}]`, `{"name":null}`), asking(`"evidence":[{"type":{"values":["document","vouch"]}}]`, `{"name":null}`),
		// Bounds are ours.
		asking(`"assurance_level":{"value":"`+strings.Repeat("x", 301)+`"}`, `{"name":null}`), asking("", `{"name":{"value":"`+strings.Repeat("x", 301)+`"}}`),
		asking(`"assurance_level":{"values":["x"`+strings.Repeat(`,"x"`, 20)+`]}`, `{"name":null}`),
		asking(`"evidence":[{"type":{"value":"vouch"}}`+strings.Repeat(`,{"type":{"value":"vouch"}}`, 10)+`]`, `{"name":null}`),
		asking(`"time":{"max_age":1e300}`, `{"name":null}`),
		`[` + strings.TrimSuffix(strings.Repeat(asking("", `{"name":null}`)+",", 11), ",") + `]`,
	} {
		if _, err := verified.Parse(json.RawMessage(text)); !errors.Is(err, verified.ErrRequest) {
			t.Errorf("%.80s: %v", text, err)
		}
	}
}

// TestWhatIsKeptIsWhatCanBeToldOrMustBeMet: a grant stores no more of a request
// than what its answers depend on.
func TestWhatIsKeptIsWhatCanBeToldOrMustBeMet(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		asking("", `{"given_name":{"essential":true},"unheard_of":null,"email":null}`): `[{"verification":{"members":{"trust_framework":{}}},"claims":[{"name":"given_name"}]}]`,
		asking("", `{"birthdate":{"value":1}}`):                                        `[{"verification":{"members":{"trust_framework":{}}},"claims":[{"name":"birthdate","values":[""]}]}]`,
		asking("", `{"email":null}`):                                                   `null`,
		asking("", `null`):                                                             `null`,
		asking(`"verification_process":null,"assurance_process":{"policy":{"value":"p"},"procedure":null}`, `{"name":null}`): `[{"verification":{"members":{` +
			`"assurance_process":{"members":{"policy":{"values":["p"]}}},"trust_framework":{}}},"claims":[{"name":"name"}]}]`,
	} {
		got, err := verified.Parse(json.RawMessage(text))
		kept, _ := json.Marshal(got)
		if err != nil || string(kept) != want {
			t.Errorf("%s: kept %s, %v", text, kept, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range requests {
		f.Add(text)
	}
	f.Add(asking(`"time":{"max_age":6e1}`, `{"name":{"value":null}}`))
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return // the caller has seen to it
		}
		got, err := verified.Parse(json.RawMessage(strings.TrimSpace(text)))
		if err != nil {
			if !errors.Is(err, verified.ErrRequest) {
				t.Errorf("error %v", err)
			}
			return
		}
		for _, name := range verified.Names(got) {
			if !slices.Contains(claim.Verifiable(), name) {
				t.Errorf("asks for %q", name)
			}
		}
		kept, err := json.Marshal(got)
		var again []verified.Asked
		if err != nil || json.Unmarshal(kept, &again) != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("%s was kept as %s", text, kept)
		}
	})
}
