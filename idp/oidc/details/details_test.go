package details

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"surety/idp/oidc"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, agency string
		want         []string
	}{
		{`[{"type":"procedure","code":"3.77.01"}]`, "", []string{"3.77.01"}},
		{` [ {"code":"b","type":"procedure"} , {"type":"procedure","code":"a"} ] `, "", []string{"b", "a"}},
		{`[{"type":"procedure","code":"a","agency":"tax"},{"type":"procedure","code":"b"}]`, "tax", []string{"a", "b"}},
	} {
		got, f := Parse(c.text, c.agency)
		if f != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v", c.text, got, f)
		}
	}
}

// entries is a list of n entries.
func entries(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = `{"type":"procedure","code":"c` + strconv.Itoa(i) + `"}`
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestBadInput_AuthorizationDetailsAreRefusedClearly(t *testing.T) {
	t.Parallel()
	one := `{"type":"procedure","code":"a"}`
	for name, c := range map[string]struct{ text, says string }{
		"nothing":                {``, "not a JSON array"},
		"not JSON":               {`procedure`, "not a JSON array"},
		"an object":              {one, "not a JSON array"},
		"a null":                 {`null`, "not a JSON array"},
		"cut off":                {`[` + one, "not a JSON array"},
		"cut off in an entry":    {`[{"type":"procedure"`, "not JSON"},
		"a comma too many":       {`[` + one + `,]`, "not an object"},
		"a comma in an entry":    {`[{"type":"procedure","code":"a",}]`, "not JSON"},
		"text after it":          {`[` + one + `] x`, "text after"},
		"a second array":         {`[` + one + `][]`, "text after"},
		"empty":                  {`[]`, "is empty"},
		"a list in the list":     {`[[` + one + `]]`, "not an object"},
		"a string in the list":   {`["procedure"]`, "not an object"},
		"1 MB":                   {`[` + strings.Repeat(" ", 1<<20) + one + `]`, "longer than 8192 bytes"},
		"1,000 entries":          {entries(1000), "longer than"},
		"11 entries":             {entries(11), "more than 10 entries"},
		"deep":                   {strings.Repeat(`[`, 8000), "not an object"},
		"deep in a member":       {`[{"type":` + strings.Repeat(`{"a":`, 1500) + `1`, "not a string"},
		"an unknown member":      {`[{"type":"procedure","code":"a","locations":["x"]}]`, "member locations, which is not known"},
		"an agency of its own":   {`[{"type":"procedure","code":"a","agency":"tax"}]`, "member agency, which is not known"},
		"a member in capitals":   {`[{"Type":"procedure","code":"a"}]`, "member Type, which is not known"},
		"a member twice":         {`[{"type":"procedure","code":"a","code":"b"}]`, "member code twice"},
		"a procedure twice":      {`[` + one + `,` + one + `]`, "procedure a twice"},
		"an unknown type":        {`[{"type":"payment_initiation","code":"a"}]`, "type that is not supported"},
		"no type":                {`[{"code":"a"}]`, "type that is not supported"},
		"no code":                {`[{"type":"procedure"}]`, "without code"},
		"an empty code":          {`[{"type":"procedure","code":""}]`, "without code"},
		"a code that is a list":  {`[{"type":"procedure","code":["a"]}]`, "code is not a string"},
		"a code that is null":    {`[{"type":"procedure","code":null}]`, "code is not a string"},
		"a code with a zero":     {`[{"type":"procedure","code":"a\u0000"}]`, "no procedure can have"},
		"a code with a new line": {`[{"type":"procedure","code":"a\nb"}]`, "no procedure can have"},
		"a code in Cyrillic":     {`[{"type":"procedure","code":"даведка-1"}]`, "no procedure can have"},
		"a very long code":       {`[{"type":"procedure","code":"` + strings.Repeat("a", 41) + `"}]`, "no procedure can have"},
	} {
		got, f := Parse(c.text, "")
		if f == nil || f.Code != oidc.InvalidAuthorizationDetails || f.Status != 400 || !strings.Contains(f.Description, c.says) || got != nil {
			t.Errorf("%s: %v %v", name, got, f)
		}
		if f != nil && (len(f.Description) > 200 || f.Description != oidc.Printable(f.Description)) {
			t.Errorf("%s: description %q", name, f.Description)
		}
	}
	if _, f := Parse(`[{"type":"procedure","code":"a","agency":"tax"}]`, "registry"); f == nil {
		t.Error("an entry of another agency passed")
	}
}

// FuzzParse checks that whatever is accepted is within its bounds, and means
// the same to a reader that is not ours.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`[{"type":"procedure","code":"3.77.01"}]`, `[{"code":"b","type":"procedure","agency":"tax"}]`, `[]`, `{}`, `null`, `[[[[`, `[{}]`, `[{"type":{}}]`,
		`[{"type":"procedure","type":"procedure","code":"a"}]`, `[{"type":"procedure","code":"\ud800"}]`, "[{\"type\":\"procedure\",\"code\":\"\xff\"}]", entries(12),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		codes, fault := Parse(text, "tax")
		if fault != nil {
			if fault.Code != oidc.InvalidAuthorizationDetails || len(fault.Description) > 200 || codes != nil {
				t.Errorf("%q: %+v %v", text, fault, codes)
			}
			return
		}
		var other []Entry
		if err := json.Unmarshal([]byte(text), &other); err != nil || len(other) != len(codes) || len(codes) > maxEntries || len(codes) == 0 {
			t.Fatalf("%q: %v, read by another as %v, %v", text, codes, other, err)
		}
		for i, e := range other {
			if e.Code != codes[i] || e.Type != TypeProcedure || (e.Agency != "" && e.Agency != "tax") || slices.Contains(codes[:i], e.Code) {
				t.Errorf("%q: entry %d is %+v", text, i, e)
			}
		}
	})
}
