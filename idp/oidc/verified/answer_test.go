package verified_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/claim"
	"surety/idp/grant"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/verified"
	"surety/idp/procedure"
)

// noon is when all answers are given, minsk where days end.
var (
	noon  = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)
	minsk = time.FixedZone("Europe/Minsk", 3*60*60)
)

// policy has a level for each stage.
func policy() assurance.Policy {
	return assurance.Policy{Version: 1, DocumentGrace: 180 * 24 * time.Hour, Levels: []assurance.Level{
		{Name: "basic", ACR: "urn:basic", Identity: assurance.StageSimplified},
		{Name: "checked", ACR: "urn:checked", Identity: assurance.StageStandard},
		{Name: "substantial", ACR: "urn:substantial", Identity: assurance.StageConfirmed},
	}}
}

// subject is a person of whom a test says what is known.
type subject struct {
	testing.TB
	source     verified.Source
	holder     grant.Holder
	left       []string // what the person left out
	procedures map[string]assurance.Requirement
}

// InForce has the procedures of the test.
func (s *subject) InForce(_ context.Context, _ string, codes []string, _ time.Time) ([]procedure.Procedure, error) {
	var out []procedure.Procedure
	for _, c := range codes {
		r, ok := s.procedures[c]
		if !ok {
			return nil, idp.E(idp.CodeNotFound, "error.not_found")
		}
		out = append(out, procedure.Procedure{Code: c, Requirement: r})
	}
	return out, nil
}

// person stated their name and birth date, and proved nothing.
func person(t testing.TB) *subject {
	s := &subject{TB: t}
	s.source = verified.Source{
		Framework: "surety_test", Zone: minsk, Rules: func() (assurance.Rules, error) { return assurance.One(policy()), nil },
		Procedures: s, Civil: func() time.Time { return noon },
	}
	s.holder.Standing.Account.Stage = assurance.StageSimplified
	for name, value := range map[string]string{"family_name": "Кавальчук", "given_name": "Ганна", "patronymic": "Мікалаеўна", "birthdate": "1984-02-29"} {
		s.holder.Person.Attributes = append(s.holder.Person.Attributes, idp.Attribute{Name: name, Value: value, Source: "self", UpdatedAt: noon})
	}
	s.holder.Person.Name.Surname, s.holder.Person.Name.Given, s.holder.Person.Name.Patronymic = "Кавальчук", "Ганна", "Мікалаеўна"
	return s
}

// proves adds a proofing.
func (s *subject) proves(p assurance.Proofing) *subject {
	a := &s.holder.Standing.Account
	a.Proofings = append(a.Proofings, p)
	if p.Stage.Compare(a.Stage) > 0 {
		a.Stage = p.Stage
	}
	return s
}

// by is a proofing of that stage, as old as said.
func by(m assurance.ProofingMethod, stage assurance.Stage, age time.Duration) assurance.Proofing {
	return assurance.Proofing{Method: m, Version: 1, Stage: stage, At: noon.Add(-age)}
}

// from says that the values came from a source and were verified at that age;
// all of them, or those named.
func (s *subject) from(source string, age time.Duration, names ...string) *subject {
	for i := range s.holder.Person.Attributes {
		if a := &s.holder.Person.Attributes[i]; len(names) == 0 || slices.Contains(names, a.Name) {
			a.Source, a.VerifiedAt = source, noon.Add(-age)
		}
	}
	return s
}

// set gives an attribute another value.
func (s *subject) set(name, value string) *subject {
	for i := range s.holder.Person.Attributes {
		if a := &s.holder.Person.Attributes[i]; a.Name == name {
			a.Value = value
		}
	}
	return s
}

// answer is what is told, as it goes over the wire. It fits the published
// schema, or the test fails.
func (s *subject) answer(request string) string {
	s.Helper()
	asked, err := verified.Parse(json.RawMessage(request))
	if err != nil {
		s.Fatalf("%s: %v", request, err)
	}
	values := claims.Values(s.holder.Standing.Account, s.holder.Person, claim.Verifiable())
	got, err := s.source.Answer(s.Context(), s.holder, asked, values, func(n string) bool { return !slices.Contains(s.left, n) })
	if err != nil {
		s.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		s.Fatal(err)
	}
	if got != nil {
		if err := schema(s, schemaAnswer).Validate(decoded(s, []byte(`{"verified_claims":`+string(text)+`}`))); err != nil {
			s.Errorf("not as published: %v: %s", err, text)
		}
	}
	return string(text)
}

func (s *subject) tells(request, want string) {
	s.Helper()
	if got := s.answer(request); got != want {
		s.Errorf("%s\n got %s\nwant %s", request, got, want)
	}
}

const (
	day     = 24 * time.Hour
	nothing = "null"
)

// atCounter is somebody whom a clerk confirmed the day before.
func atCounter(t testing.TB) *subject {
	return person(t).proves(by(assurance.ProofingCounter, assurance.StageConfirmed, day)).from("counter", day)
}

func TestR10_OnlyWhatIsAskedForIsTold(t *testing.T) {
	t.Parallel()
	s := atCounter(t)
	s.tells(asking("", `{"given_name":null}`), `{"verification":{"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`)
	s.tells(asking(`"assurance_level":null,"time":null,"verification_process":null`, `{"name":null,"birthdate":null,"place_of_birth":null}`),
		`{"verification":{"assurance_level":"confirmed","time":"2026-05-02T12:00:00Z","trust_framework":"surety_test"},`+
			`"claims":{"birthdate":"1984-02-29","name":"Ганна Мікалаеўна Кавальчук"}}`)
	s.tells(asking("", `{"email":null}`), nothing)
	s.tells(asking("", `null`), nothing)
}

func TestR10_SelfStatedValuesAreNeverVerified(t *testing.T) {
	t.Parallel()
	all := asking("", `{"name":null,"given_name":null,"family_name":null,"patronymic":null,"birthdate":null}`)
	person(t).tells(all, nothing)
	// One proven value lends nothing to the others, nor to what is made of them.
	s := person(t).proves(by(assurance.ProofingRegistry, assurance.StageStandard, day)).from("registry", day, "family_name")
	s.tells(all, `{"verification":{"trust_framework":"surety_test"},"claims":{"family_name":"Кавальчук"}}`)
	// A value that says it was verified, with no proofing left to say so.
	person(t).from("counter", day).tells(all, nothing)
	person(t).from("counter", day).proves(by(assurance.ProofingEDS, assurance.StageConfirmed, day)).tells(all, nothing)
	// A part that the document does not have is none of the name.
	s = atCounter(t).set("patronymic", "")
	s.holder.Person.Name.Patronymic = ""
	s.tells(asking("", `{"name":null,"patronymic":null}`), `{"verification":{"trust_framework":"surety_test"},"claims":{"name":"Ганна Кавальчук"}}`)
}

func TestR10_ABirthDateThatIsNotWholeIsNoVerifiedClaim(t *testing.T) {
	t.Parallel()
	atCounter(t).set("birthdate", "1984").tells(asking("", `{"birthdate":null,"given_name":null}`),
		`{"verification":{"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`)
}

func TestIDA_WhatDoesNotFitLeavesTheWholeElementOut(t *testing.T) {
	t.Parallel()
	s := atCounter(t)
	for verification, fits := range map[string]bool{
		`"trust_framework":{"value":"surety_test"}`:                                                                                   true,
		`"trust_framework":{"values":["eidas","surety_test"]}`:                                                                        true,
		`"trust_framework":{"value":"eidas"}`:                                                                                         false,
		`"trust_framework":null,"assurance_level":{"value":"confirmed"}`:                                                              true,
		`"trust_framework":null,"assurance_level":{"values":["standard","high"]}`:                                                     false,
		`"trust_framework":null,"assurance_level":{"essential":true,"value":"high"}`:                                                  false,
		`"trust_framework":null,"time":{"max_age":86400}`:                                                                             true,
		`"trust_framework":null,"time":{"max_age":86399}`:                                                                             false,
		`"trust_framework":null,"time":{"value":"2026-05-02T12:00:00Z"}`:                                                              true,
		`"trust_framework":null,"verification_process":null`:                                                                          true,
		`"trust_framework":null,"verification_process":{"value":"x"}`:                                                                 false,
		`"trust_framework":null,"assurance_process":{"policy":{"value":"x"}}`:                                                         false,
		`"trust_framework":null,"assurance_process":{"policy":null}`:                                                                  true,
		`"trust_framework":{"deeper":{"value":"x"}}`:                                                                                  false,
		`"trust_framework":null,"evidence":[{"type":{"value":"document"}}]`:                                                           true,
		`"trust_framework":null,"evidence":[{"type":{"value":"vouch"}}]`:                                                              false,
		`"trust_framework":null,"evidence":[{"type":{"value":"unheard_of"}}]`:                                                         false,
		`"trust_framework":null,"evidence":[{"type":{"value":"vouch"}},{"type":{"value":"document"}}]`:                                true,
		`"trust_framework":null,"evidence":[{"type":{"value":"document"},"check_details":[{"check_method":{"value":"pvp"}}]}]`:        true,
		`"trust_framework":null,"evidence":[{"type":{"value":"document"},"check_details":[{"check_method":{"value":"bvr"}}]}]`:        false,
		`"trust_framework":null,"evidence":[{"type":{"value":"document"},"document_details":{"type":{"value":"passport"}}}]`:          false,
		`"trust_framework":null,"evidence":[{"type":{"value":"document"},"document_details":{"issuer":{"country":{"value":"BY"}}}}]`:  false,
		`"trust_framework":null,"evidence":[{"type":{"value":"document"},"document_details":{"date_of_issuance":{"max_age":1}}}]`:     false,
		`"trust_framework":null,"evidence":[{"type":{"value":"document"},"document_details":{"document_number":null,"issuer":null}}]`: true,
	} {
		got := s.answer(`{"verification":{` + verification + `},"claims":{"given_name":null}}`)
		if (got != nothing) != fits {
			t.Errorf("%s: %s", verification, got)
		}
	}
}

func TestIDA_AClaimWithoutAValueAskedForIsLeftOut(t *testing.T) {
	t.Parallel()
	s := atCounter(t)
	s.tells(asking("", `{"given_name":{"value":"Ганна"},"birthdate":{"values":["1984-02-28","1984-03-01"]}}`),
		`{"verification":{"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`)
	s.tells(asking("", `{"given_name":{"value":7},"birthdate":{"value":"1984-02-28","essential":true}}`), nothing)
}

func TestIDA_EachElementOfTheRequestIsAnsweredByItself(t *testing.T) {
	t.Parallel()
	s := atCounter(t)
	s.tells(`[`+asking(`"assurance_level":{"value":"standard"}`, `{"given_name":null}`)+`,`+asking(`"time":null`, `{"birthdate":null}`)+`]`,
		`{"verification":{"time":"2026-05-02T12:00:00Z","trust_framework":"surety_test"},"claims":{"birthdate":"1984-02-29"}}`)
	s.tells(`[`+asking("", `{"given_name":null}`)+`,`+asking("", `{"given_name":null}`)+`]`,
		`[{"verification":{"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}},{"verification":{"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}]`)
}

// TestNoValueBorrowsTheAssuranceOfAnother: the card confirmed the name, the
// register alone knows the birth date.
func TestNoValueBorrowsTheAssuranceOfAnother(t *testing.T) {
	t.Parallel()
	s := person(t).proves(by(assurance.ProofingRegistry, assurance.StageStandard, 10*day)).proves(by(assurance.ProofingIDCard, assurance.StageConfirmed, day)).
		from("certificate", day).from("registry", 10*day, "birthdate")
	request := `"assurance_level":null,"time":null,"evidence":[{"type":{"value":"electronic_signature"},"created_at":null},{"type":{"value":"electronic_record"},"record":{"type":null}}]`
	s.tells(asking(request, `{"family_name":null,"birthdate":null}`),
		`[{"verification":{"assurance_level":"confirmed","evidence":[{"created_at":"2026-05-02T12:00:00Z","type":"electronic_signature"}],"time":"2026-05-02T12:00:00Z","trust_framework":"surety_test"},`+
			`"claims":{"family_name":"Кавальчук"}},`+
			`{"verification":{"assurance_level":"standard","evidence":[{"record":{"type":"state_register"},"type":"electronic_record"}],"time":"2026-04-23T12:00:00Z","trust_framework":"surety_test"},`+
			`"claims":{"birthdate":"1984-02-29"}}]`)
	s.tells(asking(`"assurance_level":{"value":"confirmed"}`, `{"birthdate":null}`), nothing)
	// A name that is put together from both is told by neither.
	s.from("registry", 10*day, "patronymic").tells(asking("", `{"name":null}`), nothing)
}

// TestTheTimeIsNeverNewerThanWhatTheAnswerRestsOn: an old value under a new
// proofing is old, and a new value under an old proofing is no newer than that.
func TestTheTimeIsNeverNewerThanWhatTheAnswerRestsOn(t *testing.T) {
	t.Parallel()
	s := person(t).proves(by(assurance.ProofingRegistry, assurance.StageStandard, 30*day)).proves(by(assurance.ProofingLetter, assurance.StageConfirmed, 10*day)).
		from("registry", 30*day).from("registry", day, "family_name")
	s.tells(asking(`"assurance_level":null,"time":null`, `{"family_name":null,"birthdate":null}`),
		`[{"verification":{"assurance_level":"confirmed","time":"2026-04-23T12:00:00Z","trust_framework":"surety_test"},"claims":{"family_name":"Кавальчук"}},`+
			`{"verification":{"assurance_level":"confirmed","time":"2026-04-03T12:00:00Z","trust_framework":"surety_test"},"claims":{"birthdate":"1984-02-29"}}]`)
	s.tells(asking(`"time":{"max_age":1296000}`, `{"family_name":null,"birthdate":null}`), `{"verification":{"time":"2026-04-23T12:00:00Z","trust_framework":"surety_test"},"claims":{"family_name":"Кавальчук"}}`)
}

// TestProofingsThatDoNotCountSupportNothing takes each reason by itself.
func TestProofingsThatDoNotCountSupportNothing(t *testing.T) {
	t.Parallel()
	request := asking(`"assurance_level":null`, `{"given_name":null}`)
	told := func(level string) string {
		return `{"verification":{"assurance_level":"` + level + `","trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`
	}
	for name, c := range map[string]struct {
		change func(*assurance.Proofing)
		want   string
	}{
		"it counts":                         {func(*assurance.Proofing) {}, told("confirmed")},
		"it ends later":                     {func(p *assurance.Proofing) { p.ExpiresAt = noon.Add(time.Second) }, told("confirmed")},
		"it has ended":                      {func(p *assurance.Proofing) { p.ExpiresAt = noon }, nothing},
		"it does not count yet":             {func(p *assurance.Proofing) { p.NotBefore = noon.Add(time.Second) }, nothing},
		"the document ended a while ago":    {func(p *assurance.Proofing) { p.DocumentUntil = noon.Add(-179 * day) }, told("confirmed")},
		"the document ended too long ago":   {func(p *assurance.Proofing) { p.DocumentUntil = noon.Add(-180 * day) }, nothing},
		"it is capped":                      {func(p *assurance.Proofing) { p.Cap = "checked" }, told("standard")},
		"it is capped at the lowest":        {func(p *assurance.Proofing) { p.Cap = "basic" }, nothing},
		"its cap is at a level that went":   {func(p *assurance.Proofing) { p.Cap = "gone" }, nothing},
		"its stage is that of anybody":      {func(p *assurance.Proofing) { p.Stage = assurance.StageSimplified }, nothing},
		"a cap that leaves it what it says": {func(p *assurance.Proofing) { p.Cap = "substantial" }, told("confirmed")},
	} {
		p := by(assurance.ProofingCounter, assurance.StageConfirmed, day)
		c.change(&p)
		if got := person(t).proves(p).from("counter", day).answer(request); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	// The account fell back: what was proven once is worth no more than it is now.
	s := atCounter(t)
	s.holder.Standing.Account.Stage = assurance.StageStandard
	s.tells(request, told("standard"))
	// Around a change of the policy both must agree.
	s = person(t).proves(assurance.Proofing{Method: assurance.ProofingCounter, Stage: assurance.StageConfirmed, At: noon.Add(-day), DocumentUntil: noon.Add(-day)}).from("counter", day)
	s.tells(request, told("confirmed"))
	strict := policy()
	strict.DocumentGrace = 0
	s.source.Rules = func() (assurance.Rules, error) {
		return assurance.Rules{Policy: policy(), Also: []assurance.Policy{strict}}, nil
	}
	s.tells(request, nothing)
}

// TestWhatAProcedureExcludesCountsForNothing, in what the agency gets for that
// procedure as in the level.
func TestWhatAProcedureExcludesCountsForNothing(t *testing.T) {
	t.Parallel()
	request := asking(`"assurance_level":null,"evidence":[{"type":{"value":"electronic_record"},"check_details":[{"check_method":null}]}]`, `{"given_name":null}`)
	s := person(t).proves(by(assurance.ProofingRegistry, assurance.StageStandard, 30*day)).proves(by(assurance.ProofingLetter, assurance.StageConfirmed, 10*day)).from("registry", 30*day)
	s.procedures = map[string]assurance.Requirement{"any": {}, "tax": {ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter}}}
	record := func(check string) string {
		return `{"check_details":[{"check_method":"` + check + `"}],"type":"electronic_record"}`
	}
	told := func(level string, evidence ...string) string {
		return `{"verification":{"assurance_level":"` + level + `","evidence":[` + strings.Join(evidence, ",") + `],"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`
	}
	s.tells(request, told("confirmed", record("data"), record("letter")))
	s.holder.Grant.Procedures = []string{"any"}
	s.tells(request, told("confirmed", record("data"), record("letter")))
	s.holder.Grant.Procedures = []string{"any", "tax"}
	s.tells(request, told("standard", record("data")))
	// Nobody can tell any more what it excluded.
	s.holder.Grant.Procedures = []string{"gone"}
	s.tells(request, nothing)
}

func TestR10_WhatThePersonLeftOutIsLeftOut(t *testing.T) {
	t.Parallel()
	s := atCounter(t)
	s.left = []string{"birthdate"}
	s.tells(asking("", `{"given_name":null,"birthdate":null}`), `{"verification":{"trust_framework":"surety_test"},"claims":{"given_name":"Ганна"}}`)
	s.left = []string{"birthdate", "given_name"}
	s.tells(asking("", `{"given_name":null,"birthdate":null}`), nothing)
	// How the identity was confirmed is a thing of its own to agree to.
	s.left = []string{claim.VerifiedClaims}
	s.tells(asking("", `{"given_name":null,"birthdate":null}`), nothing)
}

// TestWhoCannotConfirmThePolicyTellsNothing rather than something that may not
// count any more.
func TestWhoCannotConfirmThePolicyTellsNothing(t *testing.T) {
	t.Parallel()
	s := atCounter(t)
	away := idp.E(idp.CodeUnavailable, "error.unavailable")
	s.source.Rules = func() (assurance.Rules, error) { return assurance.Rules{}, away }
	asked, _ := verified.Parse(json.RawMessage(asking("", `{"given_name":null}`)))
	got, err := s.source.Answer(t.Context(), s.holder, asked, map[string]any{"given_name": "Ганна"}, func(string) bool { return true })
	if got != nil || idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("%v %v", got, err)
	}
}
