package procedure_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/procedure"
	"surety/idp/strict"
	"surety/idp/text"

	"github.com/google/go-cmp/cmp"
)

const four = `{be: а, ru: б, uk: в, en: d}`

// whole uses every key there is.
const whole = `
- agency: tax
  code: 3.77.01
  titles: {be: Даведка, ru: Справка, uk: Довідка, en: Certificate}
  requirement:
    level: substantial
    max_age: 5m
    excluded_methods: [sms]
    excluded_proofings: [letter]
    document: current
    renewal: true
    capacities: [{capacity: self}, {capacity: organisation, roles: [head]}]
  scopes: [openid, profile]
  claims:
    - {name: email, basis: consent, required: true, why: ` + four + `}
    - {name: family_name, basis: law, reference: "Tax Code, article 85", law: ` + four + `}
  start_uri: https://tax.example/certificate
  in_person: {texts: ` + four + `, link: "https://tax.example/offices"}
  valid_from: 2026-05-01
  valid_until: 2027-05-01T00:00:00+03:00
`

// least leaves out what may be left out.
const least = `
- agency: tax
  code: "1"
  titles: ` + four + `
  requirement: {level: basic}
  in_person: {texts: ` + four + `}
`

func minsk(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Minsk")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestParse_EveryKey(t *testing.T) {
	t.Parallel()
	got, err := procedure.Reading{Zone: minsk(t)}.Parse("p.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{"be": "а", "ru": "б", "uk": "в", "en": "d"}
	want := procedure.Procedure{
		Agency: "tax", Code: "3.77.01", Titles: map[string]string{"be": "Даведка", "ru": "Справка", "uk": "Довідка", "en": "Certificate"},
		Requirement: assurance.Requirement{
			Level: "substantial", MaxAge: 5 * time.Minute, ExcludedMethods: []assurance.Method{"sms"},
			ExcludedProofings: []assurance.ProofingMethod{"letter"}, Document: assurance.DocumentCurrent, Renewal: true,
			Capacities: []assurance.CapacityTerm{{Capacity: "self"}, {Capacity: "organisation", Roles: []string{"head"}}},
		},
		Scopes: []string{"openid", "profile"},
		Claims: []procedure.Claim{
			{Name: "email", Basis: procedure.BasisConsent, Required: true, Why: words},
			{Name: "family_name", Basis: procedure.BasisLaw, Reference: "Tax Code, article 85", Law: words},
		},
		StartURI: "https://tax.example/certificate", InPerson: procedure.InPerson{Texts: words, Link: "https://tax.example/offices"},
		ValidFrom: time.Date(2026, 4, 30, 21, 0, 0, 0, time.UTC), ValidUntil: time.Date(2027, 4, 30, 21, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff([]procedure.Procedure{want}, got); diff != "" {
		t.Error(diff)
	}
}

// TestParse_WhatIsWrittenCanBeReadAgain: what show answers is what import takes.
func TestParse_WhatIsWrittenCanBeReadAgain(t *testing.T) {
	t.Parallel()
	for _, source := range []string{whole, least} {
		first, err := procedure.Parse("p.yaml", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		written, err := json.MarshalIndent(first, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		second, err := procedure.Parse("p.json", written)
		if err != nil {
			t.Fatal(err, string(written))
		}
		var third []procedure.Procedure
		if err := json.Unmarshal(written, &third); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(first, third); diff != "" {
			t.Error(diff)
		}
	}
}

// change replaces a part of the smallest good file.
func change(old, new string) string { return strings.Replace(least, old, new, 1) }

func TestParse_Mistakes(t *testing.T) {
	t.Parallel()
	more := func(line string) string { return least + "  " + line + "\n" }
	for name, row := range map[string]struct {
		source, want string
	}{
		"no file":                  {"", "p.yaml: the file is empty"},
		"not a list":               {"agency: tax", "p.yaml:1: this must be a list"},
		"not YAML":                 {"- [", "p.yaml:"},
		"two documents":            {least + "---\n" + least, "a second document (one document a file)"},
		"unknown key":              {more("tilte: x"), `p.yaml:7: unknown key "tilte" (known keys: agency, claims, code,`},
		"key twice":                {more("code: 2"), `p.yaml:7: key "code" appears twice`},
		"key missing":              {change("  code: \"1\"\n", ""), `p.yaml:2: key "code" is missing`},
		"switched off in a file":   {more("disabled: true"), `unknown key "disabled"`},
		"code with a space":        {change(`"1"`, "a b"), `p.yaml:3: "a b" is not allowed here (a code: 1 to 40`},
		"code with a slash":        {change(`"1"`, "a/b"), `"a/b" is not allowed here`},
		"code of dots":             {change(`"1"`, ".."), `".." is not allowed here`},
		"long code":                {change(`"1"`, strings.Repeat("1", 41)), "is not allowed here"},
		"agency with a colon":      {change("tax", "a:b"), `"a:b" is not allowed here`},
		"language missing":         {change("titles: "+four, "titles: {be: а, ru: б, en: d}"), `p.yaml:4: key "uk" is missing`},
		"language unknown":         {change("titles: "+four, "titles: {be: а, ru: б, uk: в, en: d, de: e}"), `unknown key "de" (known keys: be, en, ru, uk)`},
		"title empty":              {change("en: d", `en: " "`), "p.yaml:4: the value is empty"},
		"title too long":           {change("en: d", "en: "+strings.Repeat("d", 301)), "the text is longer than 300 characters"},
		"control character":        {change("en: d", `en: "d\u0007"`), "the text holds a control character"},
		"no level":                 {change("level: basic", "max_age: 5m"), `key "level" is missing`},
		"time that is none":        {change("level: basic", "level: basic, max_age: soon"), `"soon" is not a time (for example 90s, 5m, 12h or 14d)`},
		"no time at all":           {change("level: basic", "level: basic, max_age: 0s"), "max_age is not between 1s and 30d"},
		"time too long":            {change("level: basic", "level: basic, max_age: 31d"), "max_age is not between 1s and 30d"},
		"unknown method":           {change("level: basic", "level: basic, excluded_methods: [pasword]"), `unknown method "pasword"`},
		"unknown proofing":         {change("level: basic", "level: basic, excluded_proofings: [post]"), `unknown proofing "post"`},
		"unknown rule":             {change("level: basic", "level: basic, document: new"), `unknown rule for documents "new"`},
		"unknown capacity":         {change("level: basic", "level: basic, capacities: [{capacity: king}]"), `unknown capacity "king"`},
		"uses_after":               {change("level: basic", "level: basic, uses_after: 2026-01-01"), `unknown key "uses_after"`},
		"unknown scope":            {more("scopes: [profil]"), `unknown scope "profil"`},
		"unknown claim":            {more("claims: [{name: shoe_size, basis: consent}]"), `p.yaml:7: unknown claim "shoe_size"`},
		"claim twice":              {more("claims: [{name: email, basis: consent}, {name: email, basis: consent}]"), `claim "email" appears twice`},
		"unknown basis":            {more("claims: [{name: email, basis: habit}]"), `unknown basis "habit" (known are: consent, law)`},
		"law without its text":     {more("claims: [{name: email, basis: law, reference: Code}]"), `claim "email" has the basis law without reference and law`},
		"law in three languages":   {more("claims: [{name: email, basis: law, reference: Code, law: {be: а, ru: б, uk: в}}]"), `key "en" is missing`},
		"law that can be left out": {more("claims: [{name: email, basis: law, reference: Code, required: true, law: " + four + "}]"), "nobody can leave it out"},
		"consent with a law":       {more("claims: [{name: email, basis: consent, reference: Code}]"), "has the basis consent and names a law"},
		"start in the open":        {more("start_uri: http://tax.example/"), "the address is not https"},
		"start that is a script":   {more("start_uri: javascript:alert(1)"), "the address is not an absolute address"},
		"start with a user":        {more("start_uri: https://a@tax.example/"), "the address holds a user name or a fragment"},
		"start with a backslash":   {more(`start_uri: https://tax.example\@evil.example/`), "the address holds a space, a backslash"},
		"no way in person":         {change("{texts: "+four+"}", "{}"), "this says nothing about how to get the service without an account"},
		"day that is none":         {more("valid_from: 2026-02-30"), `"2026-02-30" is not a day or a moment`},
		"ends before it begins":    {more("valid_from: 2026-02-02\n  valid_until: 2026-02-02"), `"1" ends before it begins`},
		"one version twice":        {least + least[1:], `procedure "1" of "tax" appears twice`},
		"anchors":                  {change("titles: "+four, "titles: &a "+four), "anchors, aliases and tags are not allowed"},
		"yes for true":             {change("level: basic", "level: basic, renewal: yes"), `"yes" is not a yes or no`},
	} {
		_, err := procedure.Parse("p.yaml", []byte(row.source))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v\nwant %s", name, err, row.want)
		}
	}
}

func TestParse_TellsAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	_, err := procedure.Parse("p.yaml", []byte(change("level: basic", "level: basic, max_age: x")+"  scopes: [a, b]\n  nonsense: 1\n"))
	var problems strict.Problems
	if !errors.As(err, &problems) || len(problems) < 4 {
		t.Errorf("problems: %v", err)
	}
}

func TestParse_IsBounded(t *testing.T) {
	t.Parallel()
	if _, err := procedure.Parse("p.yaml", make([]byte, procedure.MaxFile+1)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a large file: %.200v", err)
	}
	if _, err := procedure.Parse("p.yaml", []byte(strings.Repeat("- {}\n", procedure.MaxProcedures+1))); err == nil || !strings.Contains(err.Error(), "at most 5000") {
		t.Errorf("many procedures: %.200v", err)
	}
	// A file of nothing but mistakes is told by its first ones.
	_, err := procedure.Parse("p.yaml", []byte(strings.Repeat("- {}\n", procedure.MaxProcedures)))
	if err == nil || strings.Count(err.Error(), "\n") > 250 || !strings.Contains(err.Error(), "more") {
		t.Errorf("many mistakes: %.200v", err)
	}
	var claims []string
	for i := range 101 {
		claims = append(claims, fmt.Sprintf("{name: c%d, basis: consent}", i))
	}
	if _, err := procedure.Parse("p.yaml", []byte(least+"  claims: ["+strings.Join(claims, ", ")+"]\n")); err == nil || !strings.Contains(err.Error(), "at most 100") {
		t.Errorf("many claims: %.200v", err)
	}
}

// TestParse_AsksThePolicy: what nobody can satisfy is found with its line.
func TestParse_AsksThePolicy(t *testing.T) {
	t.Parallel()
	reading := procedure.Reading{Check: func(q assurance.Requirement) []string {
		if q.Level == "basic" {
			return []string{"nobody reaches it"}
		}
		return nil
	}}
	if _, err := reading.Parse("p.yaml", []byte(least)); err == nil || !strings.Contains(err.Error(), "p.yaml:5: nobody reaches it") {
		t.Errorf("error %v", err)
	}
}

// TestLanguages_AreThoseOfThePages: what a person reads in their language must
// be there for procedures as well.
func TestLanguages_AreThoseOfThePages(t *testing.T) {
	t.Parallel()
	if !slices.Equal(procedure.Languages(), text.Languages()) {
		t.Errorf("%v and %v", procedure.Languages(), text.Languages())
	}
}

func TestDevelopment(t *testing.T) {
	t.Parallel()
	p, err := procedure.Parse("p.yaml", []byte(least+"  start_uri: http://localhost:9000/\n"))
	if err != nil || !p[0].Development() {
		t.Errorf("%v, %v", p, err)
	}
	if p, err = procedure.Parse("p.yaml", []byte(whole)); err != nil || p[0].Development() {
		t.Errorf("%v, %v", p, err)
	}
}

// FuzzParse: whatever an operator is handed, reading it ends, and what it
// accepts can be written and read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{whole, least, "- &a [*a]", "[[[[", "- {code: 1e3}", "{}", "- null", "\x00", "- agency: !!binary x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		all, err := procedure.Parse("f", source)
		if err != nil {
			return
		}
		written, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		again, err := procedure.Parse("f", written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if diff := cmp.Diff(all, again); diff != "" {
			t.Error(diff)
		}
	})
}
