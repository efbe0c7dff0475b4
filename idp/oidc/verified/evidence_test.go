package verified_test

import (
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/oidc/verified"

	"github.com/google/go-cmp/cmp"
)

// everything asks for each detail that any evidence of ours has.
const everything = `"assurance_level":null,"time":null,"evidence":[
	{"type":{"value":"document"},"check_details":[{"check_method":null,"time":null}],"document_details":{"type":null,"date_of_expiry":null,"document_number":null}},
	{"type":{"value":"electronic_record"},"check_details":[{"check_method":null,"time":null}],"record":{"type":null}},
	{"type":{"value":"electronic_signature"},"created_at":null,"issuer":null},
	{"type":{"value":"vouch"},"attestation":{"type":null}}]`

// TestEvidenceSaysWhatThereWas of each way to prove an identity.
func TestEvidenceSaysWhatThereWas(t *testing.T) {
	t.Parallel()
	const checked, at = `"check_details":[{"check_method":`, `,"time":"2026-05-02T12:00:00Z"}`
	for method, c := range map[assurance.ProofingMethod]struct{ source, want string }{
		assurance.ProofingCounter: {"counter", `{` + checked + `"vpip"` + at + `,{"check_method":"pvp"` + at + `],"document_details":{"date_of_expiry":"2026-05-03"},"type":"document"}`},
		assurance.ProofingRegistry: {"registry",
			`{` + checked + `"data"` + at + `],"record":{"type":"state_register"},"type":"electronic_record"}`},
		assurance.ProofingLetter: {"registry",
			`{` + checked + `"letter"` + at + `],"record":{"type":"state_register"},"type":"electronic_record"}`},
		assurance.ProofingFederated: {"federated",
			`{` + checked + `"auth"` + at + `],"record":{"type":"identity_provider"},"type":"electronic_record"}`},
		assurance.ProofingEDS:         {"certificate", `{"created_at":"2026-05-02T12:00:00Z","type":"electronic_signature"}`},
		assurance.ProofingIDCard:      {"certificate", `{"created_at":"2026-05-02T12:00:00Z","type":"electronic_signature"}`},
		assurance.ProofingAppointment: {"counter", `{"attestation":{"type":"digital_attestation"},"type":"vouch"}`},
	} {
		p := by(method, assurance.StageConfirmed, day)
		// Valid until 3 May is valid all of 3 May, where the document is from.
		p.DocumentUntil = time.Date(2026, 5, 4, 0, 0, 0, 0, minsk)
		person(t).proves(p).from(c.source, day).tells(asking(everything, `{"given_name":null}`),
			`{"verification":{"assurance_level":"confirmed","evidence":[`+c.want+`],"time":"2026-05-02T12:00:00Z","trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`)
	}
}

// TestOfWhatWasTakenOverNobodyHereSawEvidence: the value is told, and not the
// evidence; who insists on some gets nothing.
func TestOfWhatWasTakenOverNobodyHereSawEvidence(t *testing.T) {
	t.Parallel()
	s := person(t).proves(by(assurance.ProofingImported, assurance.StageConfirmed, day)).from("imported", day)
	s.tells(asking("", `{"given_name":null}`), `{"verification":{"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`)
	s.tells(asking(everything, `{"given_name":null}`), nothing)
}

// TestAnExpiryThatIsTooLongAgo: max_age of a day runs from its end.
func TestAnExpiryThatIsTooLongAgo(t *testing.T) {
	t.Parallel()
	p := by(assurance.ProofingCounter, assurance.StageConfirmed, 300*day)
	p.DocumentUntil = time.Date(2026, 5, 3, 0, 0, 0, 0, minsk) // fifteen hours ago
	s := person(t).proves(p).from("counter", 300*day)
	for age, fits := range map[string]bool{"54001": true, "53999": false} {
		got := s.answer(asking(`"evidence":[{"type":{"value":"document"},"document_details":{"date_of_expiry":{"max_age":`+age+`}}}]`, `{"given_name":null}`))
		if (got != nothing) != fits {
			t.Errorf("max_age %s: %s", age, got)
		}
	}
}

// TestSupportedIsWhatAnswersCanName, for the metadata.
func TestSupportedIsWhatAnswersCanName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		methods []assurance.ProofingMethod
		want    verified.Supported
	}{
		{nil, verified.Supported{}},
		{[]assurance.ProofingMethod{assurance.ProofingImported}, verified.Supported{}},
		{[]assurance.ProofingMethod{assurance.ProofingEDS, assurance.ProofingIDCard}, verified.Supported{Evidence: []string{"electronic_signature"}}},
		{
			[]assurance.ProofingMethod{assurance.ProofingRegistry, assurance.ProofingLetter, assurance.ProofingCounter, assurance.ProofingFederated},
			verified.Supported{
				Evidence: []string{"document", "electronic_record"}, Documents: []string{"idcard", "passport", "residence_permit"},
				DocumentChecks: []string{"vpip", "pvp"}, Records: []string{"identity_provider", "state_register"},
			},
		},
	} {
		if diff := cmp.Diff(c.want, verified.SupportedBy(c.methods)); diff != "" {
			t.Errorf("%v: %s", c.methods, diff)
		}
	}
}
