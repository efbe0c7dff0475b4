package claims

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/oidc/verified"
	"surety/verification"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Request
	}{
		{`{}`, Request{}},
		{`{"userinfo":null,"id_token":null,"other":{"x":1}}`, Request{}},
		{`{"userinfo":{"email":null,"name":{"essential":true},"unknown":null}}`, Request{UserInfo: []string{Name, Email}}},
		{`{"id_token":{"acr":{"values":["a","b"]}}}`, Request{ACR: []string{"a", "b"}}},
		{`{"id_token":{"acr":{"essential":true,"value":"a"}}}`, Request{EssentialACR: []string{"a"}}},
		{`{"id_token":{"acr":{"essential":true}}}`, Request{}},
		{`{"id_token":{"acr":{"essential":false,"value":1}}}`, Request{}},
		{`{"id_token":{"sub":{"value":"x"},"auth_time":{"essential":true}}}`, Request{Subject: "x"}},
		{`{"id_token":{"sub":{"value":"x"}},"userinfo":{"sub":{"value":"x"}}}`, Request{Subject: "x"}},
		{`{"id_token":{"given_name":null}}`, Request{IDToken: []string{GivenName}}},
		{`{"userinfo":{"verified_claims":{"verification":{"trust_framework":null},"claims":{"birthdate":null}},"email":null}}`, Request{
			UserInfo: []string{Email},
			VerifiedUserInfo: []verified.Asked{{
				Verification: verified.Wanted{Members: map[string]verified.Wanted{"trust_framework": {}}}, Claims: []verified.Claim{{Name: Birthdate}},
			}},
		}},
		{`{"id_token":{"verified_claims":{"verification":{"trust_framework":null},"claims":{"email":null}}}}`, Request{}},
	} {
		got, err := ParseRequest(c.text)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v", c.text, got, err)
		}
	}
}

func TestParseRequest_Refuses(t *testing.T) {
	t.Parallel()
	many := `{"userinfo":{` + strings.TrimSuffix(func() string {
		var b strings.Builder
		for i := range maxClaims + 1 {
			b.WriteString(`"c` + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + `":null,`)
		}
		return b.String()
	}(), ",") + `}}`
	for _, text := range []string{
		``, `null`, `[]`, `"x"`, `1`, `{`, `{} {}`, `{"userinfo":[]}`, `{"userinfo":{"name":true}}`, `{"userinfo":{"name":[]}}`,
		`{"userinfo":{"name":{"essential":1}}}`, `{"userinfo":{"name":{"values":"x"}}}`, `{"userinfo":{"name":{"values":null}}}`,
		`{"id_token":{"acr":null,"acr":null}}`, `{"id_token":{"acr":{"value":1,"value":2}}}`, `{"id_token":{},"id_token":{}}`,
		`{"id_token":{"sub":{"values":["a","b"]}}}`, `{"id_token":{"acr":{"value":"` + strings.Repeat("x", maxValue+1) + `"}}}`,
		`{"userinfo":{"verified_claims":null}}`, `{"id_token":{"verified_claims":{"verification":{},"claims":{"name":null}}}}`,
		`{"userinfo":{"verified_claims":{"verification":{"trust_framework":null,"trust_framework":{"value":"x"}},"claims":{"name":null}}}}`,
		strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), `{"a":"` + strings.Repeat("x", maxRequest) + `"}`, many,
	} {
		if _, err := ParseRequest(text); !errors.Is(err, ErrRequest) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// FuzzParseRequest checks that whatever is accepted survives being stored, and
// asks for nothing but known claims, each once.
func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"userinfo":{"given_name":{"essential":true},"email":null},"id_token":{"auth_time":{"essential":true},"acr":{"values":["a"]}}}`,
		`{"userinfo":{"name":{"value":"x","values":["y"]}}}`, `{"id_token":{"sub":{"value":"x"}}}`, `null`, `{"a":{"b":{"c":{}}}}`, `{"userinfo":{"name":null,"name":null}}`,
	} {
		f.Add(seed)
	}
	f.Add(`{"userinfo":{"verified_claims":[{"verification":{"trust_framework":{"values":["a"]},"time":{"max_age":6e1},"evidence":[{"type":{"value":"document"},` +
		`"check_details":[{"check_method":null}],"document_details":{"date_of_expiry":null}}]},"claims":{"name":{"value":"x"}}}]},` +
		`"id_token":{"verified_claims":{"verification":{"trust_framework":null,"x":{"y":{"value":"z"}}},"claims":{"birthdate":null,"unknown":null}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRequest(text)
		if err != nil {
			if !errors.Is(err, ErrRequest) {
				t.Errorf("error %v", err)
			}
			return
		}
		for _, names := range [][]string{r.UserInfo, r.IDToken, verified.Names(r.VerifiedUserInfo), verified.Names(r.VerifiedIDToken)} {
			for i, n := range names {
				if !Known(n) || slices.Contains(names[:i], n) {
					t.Errorf("asks for %q", n)
				}
			}
		}
		again, err := Stored(r.Normal())
		if err != nil || !reflect.DeepEqual(again, Request{
			UserInfo: r.UserInfo, IDToken: r.IDToken, VerifiedUserInfo: r.VerifiedUserInfo, VerifiedIDToken: r.VerifiedIDToken, EssentialACR: r.EssentialACR,
		}) {
			t.Errorf("stored as %+v: %v", again, err)
		}
	})
}

func TestUsable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parameter  string
		registered string
		want       string
		refused    string
	}{
		{"openid profile", "", "openid profile", ""},
		{"profile openid openid", "", "profile openid", ""},
		{"openid unknown", "", "openid", ""},
		{"openid api:read api:write", "openid api:read", "openid api:read", ""},
		{"openid email", "openid api:read", "", "email"},
		{"", "", "", ""},
	} {
		got, refused := Usable(c.parameter, strings.Fields(c.registered))
		if strings.Join(got, " ") != c.want || refused != c.refused {
			t.Errorf("%q of %q: %v, refused %q", c.parameter, c.registered, got, refused)
		}
	}
}

func TestNamesAndValues(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_000_000, 0)
	names := Names([]string{ScopeOpenID, ScopeEmail}, Request{UserInfo: []string{GivenName}, IDToken: []string{PhoneNumber, Email}})
	if !slices.Equal(names, []string{GivenName, Email, EmailVerified, PhoneNumber}) {
		t.Errorf("names %v", names)
	}
	account := idp.Account{Language: "be", CreatedAt: at}
	person := idp.Person{
		Name: verification.Name{Given: "Алесь", Surname: "Іваноў"},
		Contacts: []idp.Contact{
			{Kind: idp.ContactEmail, Value: "old@example.org"},
			{Kind: idp.ContactEmail, Value: "a@example.org", Main: true, ConfirmedAt: at.Add(time.Hour)},
		},
	}
	got := Values(account, person, known)
	want := map[string]any{
		Name: "Алесь Іваноў", GivenName: "Алесь", FamilyName: "Іваноў", Locale: "be", UpdatedAt: at.Add(time.Hour).Unix(),
		Email: "a@example.org", EmailVerified: true,
	}
	// No patronymic and no telephone: no empty strings and no nulls for them.
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if got := Values(idp.Account{}, idp.Person{}, known); len(got) != 0 {
		t.Errorf("values of nobody: %v", got)
	}
}

// TestPlainHasNothingThatIsAskedForAsVerifiedAlone: consent covers it, and
// UserInfo tells it in verified_claims or not at all.
func TestPlainHasNothingThatIsAskedForAsVerifiedAlone(t *testing.T) {
	t.Parallel()
	r := Request{
		UserInfo: []string{GivenName}, VerifiedUserInfo: []verified.Asked{{Claims: []verified.Claim{{Name: Birthdate}, {Name: GivenName}}}},
		VerifiedIDToken: []verified.Asked{{Claims: []verified.Claim{{Name: FamilyName}}}}, Law: []string{VerifiedClaims},
	}
	if got := Names([]string{ScopeEmail}, r); !slices.Equal(got, []string{FamilyName, GivenName, Birthdate, Email, EmailVerified, VerifiedClaims}) {
		t.Errorf("names %v", got)
	}
	if got := Plain([]string{ScopeEmail}, r); !slices.Equal(got, []string{GivenName, Email, EmailVerified}) {
		t.Errorf("plain %v", got)
	}
}

// TestConsentShowsByWhatTheIdentityWasProven: by the strongest proofing, and of
// those by the newest.
func TestConsentShowsByWhatTheIdentityWasProven(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_000_000, 0)
	account := idp.Account{Proofings: []assurance.Proofing{
		{Method: assurance.ProofingLetter, Stage: assurance.StageConfirmed, At: at},
		{Method: assurance.ProofingCounter, Stage: assurance.StageConfirmed, At: at.Add(time.Hour)},
		{Method: assurance.ProofingRegistry, Stage: assurance.StageStandard, At: at.Add(2 * time.Hour)},
	}}
	person := idp.Person{Attributes: []idp.Attribute{{Name: Birthdate, Value: "1984"}}}
	if got := Values(account, person, []string{Birthdate, VerifiedClaims}); !reflect.DeepEqual(got, map[string]any{Birthdate: "1984", VerifiedClaims: "counter"}) {
		t.Errorf("%v", got)
	}
}

func TestAudience(t *testing.T) {
	t.Parallel()
	for _, a := range []Audience{{"x"}, {"x", "y"}} {
		b, err := json.Marshal(a)
		var back Audience
		if err != nil || json.Unmarshal(b, &back) != nil || !slices.Equal(a, back) {
			t.Errorf("%v: %s, back %v", a, b, back)
		}
	}
	var a Audience
	for _, bad := range []string{`1`, `{}`, `[1]`} {
		if json.Unmarshal([]byte(bad), &a) == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
	if got := AudienceOf("i", nil, nil); !slices.Equal(got, Audience{"i"}) {
		t.Errorf("%v", got)
	}
	if got := AudienceOf("i", []string{"r"}, []string{"api"}); !slices.Equal(got, Audience{"r"}) {
		t.Errorf("%v", got)
	}
	if got := AudienceOf("i", []string{"r"}, []string{"openid"}); !slices.Equal(got, Audience{"r", "i"}) {
		t.Errorf("%v", got)
	}
}

func TestJTINamesTheGrant(t *testing.T) {
	t.Parallel()
	id := idp.GrantID(idp.NewID())
	if a := (Access{JTI: NewJTI(id)}); a.GrantID() != id {
		t.Errorf("%s names %s", a.JTI, a.GrantID())
	}
	if a := (Access{JTI: NewJTI("")}); a.GrantID() != "" || a.JTI == "" {
		t.Errorf("%q names a grant", a.JTI)
	}
}
