package guard_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"surety/assurance/guard"
)

// TestProcedureIsMetByItsGrantAlone: neither a level nor another procedure
// stands in for it, and a grant does not outlive the age that is asked for.
func TestProcedureIsMetByItsGrantAlone(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	const code, stepUp = "3.77.01", "insufficient_user_authentication"
	plain, fresh := guard.Requirement{Procedure: code}, guard.Requirement{Procedure: code, MaxAge: 5 * time.Minute}
	ours := guard.Requirement{Procedure: code, Agency: "tax"}
	both := guard.Requirement{Procedure: code, Level: high}
	granted := members{"authorization_details": []any{procedureEntry(code, "tax")}}
	for name, c := range map[string]struct {
		q      guard.Requirement
		more   members
		status int
		err    string
	}{
		"granted":                              {plain, granted, 200, ""},
		"granted, fresh enough":                {fresh, granted.with(members{"auth_time": h.now().Unix() - 300}), 200, ""},
		"granted, too old":                     {fresh, granted.with(members{"auth_time": h.now().Unix() - 311}), 401, stepUp},
		"granted at the lowest level":          {plain, granted.with(members{"acr": basic}), 200, ""},
		"granted beside others":                {plain, members{"authorization_details": []any{procedureEntry("1", "tax"), members{"type": "acting_for", "code": 7, "x": []any{}}, procedureEntry(code, "tax")}}, 200, ""},
		"granted twice":                        {plain, members{"authorization_details": []any{procedureEntry(code, "tax"), procedureEntry(code, "tax")}}, 200, ""},
		"of the agency":                        {ours, granted, 200, ""},
		"of this and another agency":           {ours, members{"authorization_details": []any{procedureEntry(code, "police"), procedureEntry(code, "tax")}}, 200, ""},
		"level and procedure, both there":      {both, granted.with(members{"acr": high}), 200, ""},
		"level and procedure, level short":     {both, granted, 401, stepUp},
		"level and procedure, only the level":  {both, members{"acr": high}, 401, stepUp},
		"the highest level alone":              {plain, members{"acr": high}, 401, stepUp},
		"another procedure":                    {plain, members{"authorization_details": []any{procedureEntry("3.77.02", "tax")}}, 401, stepUp},
		"a procedure that it begins with":      {plain, members{"authorization_details": []any{procedureEntry("3.77.01.5", "tax")}}, 401, stepUp},
		"the code in another type":             {plain, members{"authorization_details": []any{members{"type": "Procedure", "code": code}}}, 401, stepUp},
		"the code in another member":           {plain, members{"authorization_details": []any{members{"type": "procedure", "code": "1", "agency": code}}}, 401, stepUp},
		"an empty list":                        {plain, members{"authorization_details": []any{}}, 401, stepUp},
		"narrowed in a way that is not known":  {plain, members{"authorization_details": []any{procedureEntry(code, "tax").with(members{"until": 1})}}, 401, stepUp},
		"no person behind it":                  {plain, members{"authorization_details": []any{procedureEntry(code, "tax")}, "acr": nil, "amr": nil, "auth_time": nil}, 401, stepUp},
		"of another agency":                    {ours, members{"authorization_details": []any{procedureEntry(code, "police")}}, 403, "insufficient_scope"},
		"of no agency":                         {ours, members{"authorization_details": []any{members{"type": "procedure", "code": code}}}, 403, "insufficient_scope"},
		"agency in other case":                 {ours, members{"authorization_details": []any{procedureEntry(code, "Tax")}}, 403, "insufficient_scope"},
		"of another agency, and another's own": {ours, members{"authorization_details": []any{procedureEntry("9", "tax")}}, 401, stepUp},
	} {
		t.Run(name, func(t *testing.T) {
			w := call(g, c.q, es.token(h.claims().with(c.more)))
			expect(t, w, c.status, c.err)
			challenge := w.Header().Get("WWW-Authenticate")
			if tells := strings.Contains(challenge, `procedure="`+code+`"`); tells != (c.err == stepUp) {
				t.Errorf("challenge %q", challenge)
			}
		})
	}
}

// TestProcedureChallenge: one trip to Surety mends everything that is short.
func TestProcedureChallenge(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	q := guard.Requirement{Procedure: "3.77.01", Level: high, MaxAge: 5 * time.Minute, Scopes: []string{"tax:declare"}}
	const want = `Bearer realm="` + api + `", error="insufficient_user_authentication", error_description="the procedure must be asked for with the login", ` +
		`acr_values="` + high + `", max_age="300", procedure="3.77.01", scope="tax:declare"`
	if got := call(h.guard(t), q, es.token(h.claims())).Header().Get("WWW-Authenticate"); got != want {
		t.Errorf("challenge\n     %s\nwant %s", got, want)
	}
}

// TestDetailsAreBounded: what a provider would never write makes a token
// malformed, well signed or not.
func TestDetailsAreBounded(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	entry := string(text(procedureEntry("3.77.01", "tax")))
	many := func(n int) string { return "[" + strings.Repeat(entry+",", n-1) + entry + "]" }
	token := func(details string) string {
		whole := string(text(h.claims()))
		return compact(es.header(), whole[:len(whole)-1]+`,"authorization_details":`+details+"}", es.sign)
	}
	q := guard.Requirement{Procedure: "3.77.01"}
	expect(t, call(g, q, token(many(64))), http.StatusOK, "")
	for name, details := range map[string]string{
		"65 entries":               many(65),
		"longer than 8 KiB":        `[` + entry + `,{"type":"` + strings.Repeat("x", 200) + `","note":"` + strings.Repeat("x", 8<<10) + `"}]`,
		"null":                     "null",
		"an object":                entry,
		"a text":                   `"` + strings.ReplaceAll(entry, `"`, `\"`) + `"`,
		"an entry is a text":       `["procedure"]`,
		"an entry is a list":       "[[" + entry + "]]",
		"an entry is null":         "[null]",
		"type missing":             `[{"code":"3.77.01"}]`,
		"type is a list":           `[{"type":["procedure"],"code":"3.77.01"}]`,
		"code missing":             `[{"type":"procedure"}]`,
		"code empty":               `[{"type":"procedure","code":""}]`,
		"code is a number":         `[{"type":"procedure","code":3}]`,
		"code is a list":           `[{"type":"procedure","code":["3.77.01"]}]`,
		"code too long":            `[{"type":"procedure","code":"` + strings.Repeat("3", 300) + `"}]`,
		"agency is a number":       `[{"type":"procedure","code":"3.77.01","agency":1}]`,
		"type twice":               `[{"type":"x","code":"3.77.01","type":"procedure"}]`,
		"code twice":               `[{"type":"procedure","code":"1","code":"3.77.01"}]`,
		"code twice, once escaped": `[{"type":"procedure","code":"1","\u0063ode":"3.77.01"}]`,
		"nested deep":              strings.Repeat("[", 7000),
	} {
		t.Run(name, func(t *testing.T) { attack(t, h, token(details)) })
	}
	twice := string(text(h.claims()))
	twice = twice[:len(twice)-1] + `,"authorization_details":[],"authorization_details":` + many(1) + `}`
	attack(t, h, compact(es.header(), twice, es.sign))
}
