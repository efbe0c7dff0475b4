package profile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"surety/assurance"
	"surety/assurance/lint"
	"surety/idp/profile"
)

// demo returns the files of the demonstration profile.
func demo(t testing.TB) fstest.MapFS {
	t.Helper()
	folder := fstest.MapFS{}
	for _, file := range []string{"policy.yaml", "profile.yaml"} {
		raw, err := fs.ReadFile(os.DirFS("profiles/demo"), file)
		if err != nil {
			t.Fatal(err)
		}
		folder[file] = &fstest.MapFile{Data: raw}
	}
	return folder
}

// replace changes a text of a file that must be there, and returns the number
// of the line on which it began.
func replace(t *testing.T, folder fstest.MapFS, file, from, to string) int {
	t.Helper()
	before, after, found := strings.Cut(string(folder[file].Data), from)
	if !found {
		t.Fatalf("%s has no %q", file, from)
	}
	folder[file] = &fstest.MapFile{Data: []byte(before + to + after)}
	return strings.Count(before, "\n") + 1
}

func TestEveryEmbeddedProfileLoads(t *testing.T) {
	t.Parallel()
	if !slices.Contains(profile.Names(), "demo") {
		t.Fatalf("profiles %v", profile.Names())
	}
	for _, name := range profile.Names() {
		if p, err := profile.Load(name); err != nil || p.Name != name {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestTheDemonstrationProfile(t *testing.T) {
	t.Parallel()
	p, err := profile.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	var names []assurance.LevelName
	for _, l := range p.Policy.Levels {
		names = append(names, l.Name)
	}
	if !slices.Equal(names, []assurance.LevelName{"basic", "checked", "substantial", "high"}) {
		t.Errorf("levels %v", names)
	}
	if got := fmt.Sprint(p.Policy.Levels[2].Login); got != "[[{identifier [] [] [] 0s}] [{password [] [] [] 0s} {otp [] [] [] 0s}] [{password [] [] [] 0s} {sms [] [] [] 0s}] [{passkey [] [] [] 0s}]]" {
		t.Errorf("substantial by %s", got)
	}
	if !slices.Equal(p.Languages, []string{"be", "ru", "uk", "en"}) || p.TimeZone.String() != "Europe/Minsk" ||
		p.Contacts.Region != "BY" || p.Contacts.Countries != nil || p.Terms.Version != "2026-05-01" || p.MinAgeAccount != 14 ||
		p.Accent != (profile.Accent{Light: "#0b5563", Dark: "#7fccd8"}) {
		t.Errorf("profile %+v", p)
	}
}

func TestAnUnknownProfileIsNamedWithThoseThereAre(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"atlantis", "", ".", "../demo", "demo/"} {
		if _, err := profile.Load(name); err == nil || !strings.Contains(err.Error(), "demo") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestMistakesAreToldWithFileLineAndHint(t *testing.T) {
	t.Parallel()
	const policy, settings = "policy.yaml", "profile.yaml"
	cases := map[string]struct{ file, from, to, want string }{
		"an unknown key":         {policy, "version: 1", "version: 1\nlevles: []", `:+1: unknown key "levles" (known keys: capacities, document_grace, levels, steps, version)`},
		"an unknown level key":   {policy, "identity: standard", "identity: standard\n    equal: x", `:+1: unknown key "equal" (known keys: acr, equals, identity, login, name)`},
		"an unknown term key":    {policy, "[password, otp]", "[{method: password, min: 1}, otp]", `: unknown key "min" (known keys: amr, channel, issuer, max_age, method)`},
		"a missing key":          {policy, "    identity: standard\n", "", `:-2: key "identity" is missing`},
		"a key twice":            {policy, "identity: standard", "identity: standard\n    identity: standard", `:+1: key "identity" appears twice`},
		"an unknown method":      {policy, "[password, otp]", "[password, totp]", `: unknown method: "totp" (password, identifier, otp, sms, passkey, eds, idcard, residence_permit, federated or federated:<name>)`},
		"an unknown stage":       {policy, "identity: standard", "identity: sure", `:-2: unknown stage: "sure" (simplified, standard or confirmed)`},
		"an unreachable level":   {policy, "[[eds], [idcard], [residence_permit]]", "[]", `:-3: level that nobody can reach: "high" (whoever reaches it reaches the next one as well, or no login is good enough for it)`},
		"one method twice":       {policy, "[password, otp]", "[otp, otp]", `: one method is one factor: "otp" (two uses of one method are one factor)`},
		"sms above the lowest":   {policy, "[password, sms]", "[sms]", `: sms is never the only factor above the lowest level`},
		"an amr never proven":    {policy, "[identifier]", "[{method: identifier, amr: [hwk]}]", `: amr value that the method never proves: "hwk"`},
		"a wrong age":            {policy, "[identifier]", "[{method: identifier, max_age: soon}]", `: "soon" is not a time (for example 90s, 5m, 12h or 14d)`},
		"a list that is a word":  {policy, "[[eds], [idcard], [residence_permit]]", "eds", `: this must be a list`},
		"a word that is a list":  {policy, "identity: standard", "identity: [standard]", `: this must be a single value`},
		"no value":               {policy, "identity: standard", "identity:", `: the value is missing`},
		"an anchor":              {policy, "identity: standard", "identity: &x standard", `: anchors, aliases and tags are not allowed (write the value out)`},
		"a merge":                {policy, "identity: standard", "<<: {identity: standard}", `: unknown key "<<" (known keys: acr, equals, identity, login, name)`},
		"a tag":                  {policy, "identity: standard", "identity: !!str standard", `: anchors, aliases and tags are not allowed (write the value out)`},
		"no version":             {policy, "version: 1", "version: one", `: "one" is not a whole number from 1 to 2147483647`},
		"an unknown step":        {policy, "action: login", "action: hope", `: unknown action: "hope" (login, enrol, prove or present)`},
		"a step for ever":        {policy, "takes: 1m", "takes: 1m..ever", `: "1m..ever" is not a time or a range of times (for example 5m, or 14d..35d)`},
		"a step down":            {policy, "takes: 1m", "takes: 14d..1m", `: negative time: "336h0m0s to 1m0s"`},
		"broken YAML":            {policy, "version: 1", "version: [1", `mine/policy.yaml:5: did not find expected ',' or ']'`},
		"a second document":      {policy, "steps:", "---\nsteps:", `: a second document (one document a file)`},
		"an unknown capacity":    {policy, "capacity: entrepreneur", "capacity: boss", `: not a capacity in which one acts for another: "boss" (entrepreneur, organisation, state_body, guardian or profession)`},
		"a capacity for oneself": {policy, "capacity: entrepreneur", "capacity: self", `: not a capacity in which one acts for another: "self"`},
		"a capacity twice":       {policy, "capacity: organisation", "capacity: entrepreneur", `: appears twice: "entrepreneur"`},
		"a capacity of no level": {policy, "{capacity: organisation, level: substantial}", "{capacity: organisation, level: enough}", `: unknown level: "enough" (one of the names under levels)`},
		"no time for documents":  {policy, "document_grace: 180d", "document_grace: 0s", `: "0s" is no time after a document has ended (the word none, or for example 180d)`},
		"time before it ended":   {policy, "document_grace: 180d", "document_grace: -24h", `: "-24h" is no time after a document has ended`},
		"a letter to perhaps":    {policy, "address_checked: true", "address_checked: perhaps", `: "perhaps" is not a yes or no (true or false)`},
		"a framework in words":   {settings, "surety_demo", "Surety demo", `: "Surety demo" is not the name of a trust framework (small letters, digits and underscores, for example surety_demo)`},
		"a claim to nothing":     {policy, "[[eds], [idcard], [residence_permit]]", "[[idcard], [residence_permit]]\n    equals: eidas:best", `:-3: not a level of a known framework: "eidas:best" (eidas:low, eidas:substantial or eidas:high)`},
		"a claim of one factor":  {policy, "[[eds], [idcard], [residence_permit]]", "[[eds], [idcard]]\n    equals: eidas:high", `: claims a level of another framework, but one factor is enough: "eidas:high" (each alternative`},
		"an unknown setting":     {settings, "terms:", "colour: red\nterms:", `: unknown key "colour" (known keys: accent, languages, min_age_account, phone, terms, time_zone, trust_framework)`},
		"an unknown language":    {settings, "[be, ru, uk, en]", "[be, english]", `: "english" is not a language tag (BCP 47) (for example be, uk or en)`},
		"a language in capitals": {settings, "[be, ru, uk, en]", "[BE]", `: "BE" is not a language tag (BCP 47) (for example be, uk or en)`},
		"a language twice":       {settings, "[be, ru, uk, en]", "[be, be]", `: language "be" appears twice`},
		"no language":            {settings, "[be, ru, uk, en]", "[]", `: there is no language`},
		"an unknown zone":        {settings, "Europe/Minsk", "Europe/Atlantis", `: "Europe/Atlantis" is not a time zone (for example Europe/Minsk)`},
		"the machine's zone":     {settings, "Europe/Minsk", "Local", `: "Local" is not a time zone (for example Europe/Minsk)`},
		"an unknown region":      {settings, "region: BY", "region: Belarus", `: "Belarus" is not a country (two capital letters (ISO 3166-1), for example BY)`},
		"no country":             {settings, "countries: all", "countries: []", `: there is no country (the word all means every country)`},
		"countries in words":     {settings, "countries: all", "countries: many", `: this must be a list of countries, or the word all`},
		"a colour of a name":     {settings, `"#0b5563"`, "teal", `: "teal" is not a colour (for example "#0b5563", in quotes: else it is a comment)`},
		"a colour as comment":    {settings, `"#0b5563"`, "#0b5563", `: the value is missing`},
		"a child":                {settings, "min_age_account: 14", "min_age_account: -1", `: "-1" is not a whole number from 0 to 21`},
		"terms without a day":    {settings, "terms: 2026-05-01", "terms: 2026-02-30", `: "2026-02-30" is not a version of the terms (the day from which they hold, for example 2026-05-01)`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := demo(t)
			line := replace(t, folder, c.file, c.from, c.to)
			_, err := profile.Read("mine", folder)
			var problems profile.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v", err)
			}
			want := c.want
			for prefix, shift := range map[string]int{":+1: ": 1, ":-3: ": -3, ":-2: ": -2, ": ": 0} {
				if rest, ok := strings.CutPrefix(c.want, prefix); ok {
					want = fmt.Sprintf("mine/%s:%d: %s", c.file, line+shift, rest)
				}
			}
			if !strings.Contains(err.Error()+"\n", want) {
				t.Errorf("told\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// A letter that anybody may have had sent to an address of their own proves too
// little for a level that claims to equal another framework's (RULES R1).
func TestR1_ALevelClaimsNothingByALetterToAnUncheckedAddress(t *testing.T) {
	t.Parallel()
	folder := demo(t)
	replace(t, folder, "policy.yaml", "[[eds], [idcard], [residence_permit]]", "[[idcard], [residence_permit]]\n    equals: eidas:high")
	replace(t, folder, "policy.yaml", "method: eds, takes: 2m..5m", "method: password, takes: 2m..5m")
	replace(t, folder, "policy.yaml", "method: eds, proofing: eds", "method: idcard, proofing: eds")
	if p, err := profile.Read("mine", folder); err != nil || p.Policy.Levels[3].Equals != "eidas:high" {
		t.Fatalf("cards alone may claim it: %v", err)
	}
	line := replace(t, folder, "policy.yaml", "needs: [address, document], address_checked: true", "needs: [address, document]")
	_, err := profile.Read("mine", folder)
	if want := fmt.Sprintf("mine/policy.yaml:%d: claims a level of another framework, but a letter", line); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("told %v", err)
	}
}

func TestAllMistakesOfAllFilesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	folder := demo(t)
	replace(t, folder, "policy.yaml", "[password, otp]", "[password, totp], [password, otp]")
	replace(t, folder, "policy.yaml", "identity: standard", "identity: sure")
	replace(t, folder, "profile.yaml", "region: BY", "region: XX")
	replace(t, folder, "profile.yaml", "min_age_account: 14", "")
	p, err := profile.Read("mine", folder)
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != 4 || !strings.Contains(lines[0], "sure") || !strings.Contains(lines[1], "totp") {
		t.Errorf("told\n%v", err)
	}
	if p.Policy.Levels != nil || p.Name != "" {
		t.Errorf("something of a bad profile is used: %+v", p)
	}
}

func TestAFolderWithoutItsFiles(t *testing.T) {
	t.Parallel()
	for name, folder := range map[string]fstest.MapFS{
		"no files":    {},
		"empty files": {"policy.yaml": {}, "profile.yaml": {Data: []byte("# nothing\n")}},
		"large files": {"policy.yaml": {Data: make([]byte, 2<<20)}, "profile.yaml": {Data: make([]byte, 2<<20)}},
		"no mappings": {"policy.yaml": {Data: []byte("- 1")}, "profile.yaml": {Data: []byte("word")}},
	} {
		_, err := profile.Read("mine", folder)
		for _, file := range []string{"mine/policy.yaml", "mine/profile.yaml"} {
			if err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAPolicyCanSayEverythingThatARuleKnows(t *testing.T) {
	t.Parallel()
	const source = `version: 7
levels:
  - name: basic
    acr: https://id.example.org/basic
    identity: simplified
    login: [[password], [federated]]
  - name: high
    acr: urn:example:high
    equals: eidas:high
    identity: confirmed
    login:
      - [{method: eds, amr: [hwk], channel: [tls, ""], issuer: [State CA], max_age: 12h}, password]
      - [password, otp]
steps:
  - {action: prove, proofing: letter, from: standard, to: confirmed, takes: 14d..35d, fee: 2.50 BYN, needs: [address], address_checked: true}
  - {action: present, method: eds, proofing: eds, to: confirmed, takes: 90s}
capacities:
  - {capacity: organisation, level: high}
document_grace: none
`
	const day = 24 * time.Hour
	want := assurance.Policy{
		Version: 7,
		Levels: []assurance.Level{
			{Name: "basic", ACR: "https://id.example.org/basic", Identity: assurance.StageSimplified, Login: []assurance.Alternative{
				{{Method: assurance.MethodPassword}}, {{Method: assurance.MethodFederated}},
			}},
			{Name: "high", ACR: "urn:example:high", Equals: "eidas:high", Identity: assurance.StageConfirmed, Login: []assurance.Alternative{
				{{Method: assurance.MethodEDS, AMR: []string{"hwk"}, Channel: []string{"tls", ""}, Issuer: []string{"State CA"}, MaxAge: 12 * time.Hour}, {Method: assurance.MethodPassword}},
				{{Method: assurance.MethodPassword}, {Method: assurance.MethodOTP}},
			}},
		},
		Steps: []assurance.Step{
			{Action: assurance.ActionProve, Proofing: assurance.ProofingLetter, From: assurance.StageStandard, To: assurance.StageConfirmed,
				Soonest: 14 * day, Latest: 35 * day, Fee: "2.50 BYN", Needs: []string{"address"}, AddressChecked: true},
			{Action: assurance.ActionPresent, Method: assurance.MethodEDS, Proofing: assurance.ProofingEDS, To: assurance.StageConfirmed,
				Soonest: 90 * time.Second, Latest: 90 * time.Second},
		},
		Capacities: []assurance.CapacityRule{{Capacity: assurance.CapacityOrganisation, Level: "high"}},
	}
	got, err := profile.ParsePolicy("mine.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p, err := profile.ParsePolicy("mine.yaml", []byte(strings.Replace(source, "document_grace: none\n", "", 1))); err != nil || p.DocumentGrace != 180*day {
		t.Errorf("without a word about documents they have %s (%v)", p.DocumentGrace, err)
	}
	if p, err := profile.ParsePolicy("mine.yaml", []byte(strings.Replace(source, "grace: none", "grace: 90d", 1))); err != nil || p.DocumentGrace != 90*day {
		t.Errorf("documents have %s (%v)", p.DocumentGrace, err)
	}
}

// What an operator activates is the very text that the profile has.
func TestTheSourceOfAPolicyIsThePolicy(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Names() {
		source, err := profile.PolicySource(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := profile.ParsePolicy("policy.yaml", source)
		if err != nil {
			t.Fatal(err)
		}
		p, err := profile.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p.Policy, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, err := profile.PolicySource("../demo"); err == nil || !strings.Contains(err.Error(), "demo") {
		t.Errorf("a policy of no profile: %v", err)
	}
}

func TestNothingOfABadPolicyIsUsed(t *testing.T) {
	t.Parallel()
	p, err := profile.ParsePolicy("new/policy.yaml", []byte("version: 2\nlevels: []\nlevles: []\n"))
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].File != "new/policy.yaml" || problems[0].Line != 3 || problems[0].Hint == "" {
		t.Errorf("told %#v", err)
	}
	if p.Version != 0 || p.Levels != nil {
		t.Errorf("something of a bad policy is used: %+v", p)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small), []byte(`languages: [be]
time_zone: UTC
phone: {region: BY, countries: [BY]}
accent: {light: "#0b5563", dark: "#7fccd8"}
terms: 2026-05-01
min_age_account: 14
trust_framework: x_y
`))
	f.Add([]byte("a: &a [*a]"), []byte("? [x]\n: y"))
	f.Add([]byte("levels: [{login: [[{}]]}]"), []byte("--- !x\n{}"))
	f.Fuzz(func(t *testing.T, policy, settings []byte) {
		p, err := profile.Read("mine", fstest.MapFS{"policy.yaml": {Data: policy}, "profile.yaml": {Data: settings}})
		if err != nil {
			return
		}
		if problems := lint.Check(p.Policy); len(problems) > 0 || len(p.Languages) == 0 || p.TimeZone == nil {
			t.Errorf("read %+v with %v", p, problems)
		}
	})
}
