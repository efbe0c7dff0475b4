package stories_test

import (
	"flag"
	"fmt"
	"html"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"surety/assurance"
	"surety/idp/flow/account"
	"surety/idp/idptest/world"
	"surety/idp/procedure"
)

var update = flag.Bool("update", false, "write the tables that were found into testdata")

// The ways in which the people of the matrix log in.
const (
	byPassword = "a password"
	byApp      = "a password, and has an app"
	byPasskey  = "a passkey"
)

// What becomes of somebody who opens a service. Who is there at once is there at
// a level, and its name stands in the table.
const (
	afterIt = "code"    // there after the app's code, at the level substantial
	shown   = "ways"    // shown what it takes; goes back to the agency
	refused = "refusal" // told that nothing leads there; goes back
)

// codes are the services of the matrix, in the order of the columns below.
var codes = strings.Fields("1.10.01 2.20.01 3.30.01 3.30.02 3.40.01 3.50.01 3.50.02 3.60.01 4.77.01")

// kind is one row of people.
type kind struct {
	name  string
	proof func(*account.Seed)
	lands map[string]string // by how they log in: what becomes of them, service by service
}

// kinds says by hand who lands where: what the sample agency registered, and
// what the demonstration's policy makes of each person.
func kinds(w *world.World) []kind {
	now, counter, confirmed := w.Now(), assurance.ProofingCounter, assurance.StageConfirmed
	nothing := func(*account.Seed) {}
	return []kind{
		{"simplified: nobody has looked at a document", nothing, map[string]string{
			byPassword: "basic ways ways ways ways ways ways refusal ways",
			byApp:      "basic ways ways ways ways ways ways refusal ways",
			byPasskey:  "basic ways ways ways ways ways ways refusal ways",
		}},
		{"standard: the registries know them", provenBy(now, assurance.ProofingRegistry, assurance.StageStandard, 100, 0), map[string]string{
			byPassword: "checked checked ways ways ways ways ways refusal ways",
			byApp:      "checked checked ways ways ways ways ways refusal ways",
			byPasskey:  "checked checked ways ways ways ways ways refusal ways",
		}},
		{"confirmed by letter", provenBy(now, assurance.ProofingLetter, confirmed, 200, 0), map[string]string{
			byPassword: "checked checked ways ways ways ways ways refusal ways",
			byApp:      "checked checked code code ways code code refusal ways",
			byPasskey:  "substantial substantial substantial substantial ways substantial substantial refusal ways",
		}},
		{"confirmed at a counter", provenBy(now, counter, confirmed, 120, 5*365), map[string]string{
			byPassword: "checked checked ways ways ways ways ways refusal ways",
			byApp:      "checked checked code code code code code refusal ways",
			byPasskey:  "substantial substantial substantial substantial substantial substantial substantial refusal ways",
		}},
		{"confirmed, and the document ends next week", provenBy(now, counter, confirmed, 1000, 7), map[string]string{
			byPassword: "checked checked ways ways ways ways ways refusal ways",
			byApp:      "checked checked code code code code code refusal ways",
			byPasskey:  "substantial substantial substantial substantial substantial substantial substantial refusal ways",
		}},
		{"confirmed, and the document ended 100 days ago", provenBy(now, counter, confirmed, 1000, -100), map[string]string{
			byPassword: "checked checked ways ways ways ways ways refusal ways",
			byApp:      "checked checked code code code ways code refusal ways",
			byPasskey:  "substantial substantial substantial substantial substantial ways substantial refusal ways",
		}},
		{"confirmed, and the document ended 200 days ago, longer than document_grace", provenBy(now, counter, confirmed, 1000, -200), map[string]string{
			byPassword: "basic ways ways ways ways ways ways refusal ways",
			byApp:      "basic ways ways ways ways ways code refusal ways",
			byPasskey:  "basic ways ways ways ways ways substantial refusal ways",
		}},
	}
}

// TestMatrix_EachKindOfPersonOpensEachService: what the agency's API answers
// before, what Surety shows, where the person ends, and what the API answers
// then, by the token alone. What is found stands in testdata/matrix.txt.
func TestMatrix_EachKindOfPersonOpensEachService(t *testing.T) {
	t.Parallel()
	w, shop := town(t)
	o, people := newOffice(w, shop, ""), kinds(w)
	logins := []string{byPassword, byApp, byPasskey}
	found := make([][][]cell, len(people))
	t.Run("people", func(t *testing.T) { // ends when all of them have been everywhere
		for i, k := range people {
			found[i] = make([][]cell, len(logins))
			for j, login := range logins {
				t.Run(k.name+", by "+login, func(t *testing.T) {
					t.Parallel()
					found[i][j] = k.opensAll(t, o.forUs(t), login)
				})
			}
		}
	})
	if !t.Failed() {
		compare(t, "testdata/matrix.txt", write(o, people, logins, found))
	}
}

// cell is one person at one service.
type cell struct {
	code    string
	before  string // what the API answers to a log-in that was for nothing
	steps   []string
	ends    string
	after   string
	became  string   // one of the constants above
	offered []string // the ways that were shown
	reason  string   // why nothing was
}

// opensAll has people of the kind log in and open each service. Who has an app
// is another one at each: a code is good once. All others keep their session,
// which nothing here adds to.
func (k kind) opensAll(t *testing.T, o *office, login string) []cell {
	t.Helper()
	number := map[string]int{byApp: len(codes)}[login]
	all := citizens(o.World, max(number, 1), func(s *account.Seed) {
		k.proof(s)
		if login == byApp {
			s.TOTP = appKey
		}
	})
	wanted := strings.Fields(k.lands[login])
	var cells []cell
	var token string
	for i, code := range codes {
		c := all[i%len(all)]
		if i < len(all) {
			token = c.token(o, login)
		}
		found := c.opens(o, code, token)
		if found.became != wanted[i] {
			t.Errorf("%s: %s, want %s: %+v", code, found.became, wanted[i], found)
		}
		cells = append(cells, found)
	}
	return cells
}

// token logs the person in and returns what the agency gets for no service in
// particular.
func (c *citizen) token(o *office, login string) string {
	c.Helper()
	if login != byPasskey {
		return o.redeem(c.agrees(c.comes(o.plain()))).text("access_token")
	}
	c.addsPasskey()
	*c = c.elsewhere()
	return o.redeem(c.agrees(c.usesPasskey(c.Get(o.plain())))).text("access_token")
}

// opens follows the challenge of the API, in the session that there is.
func (c citizen) opens(o *office, code, token string) cell {
	c.Helper()
	asked := o.turnsAway(code, token)
	found := cell{code: code, before: told(asked)}
	more := []string{"prompt", "consent"} // the page is part of the picture, also where it was seen before
	if asked["max_age"] != "" {
		more = append(more, "max_age", asked["max_age"])
	}
	page := c.Get(o.asking(asked["procedure"], more...))
	for !page.Away {
		found.steps = append(found.steps, strings.TrimPrefix(page.URL.Path, "/"))
		page = c.goesOn(page, &found)
	}
	if page.URL.Query().Has("error") {
		found.unmet(o, page, token)
		return found
	}
	tokens := o.redeem(page)
	access := tokens.text("access_token")
	d := o.letsIn(code, access)
	if d.ACR != o.claims(access)["acr"] || d.Subject != o.claims(tokens.text("id_token"))["sub"] {
		c.Errorf("%s: the API was told %+v", code, d)
	}
	found.ends, found.after = "lands in it", "200 "+level(d.ACR)
	switch {
	case found.became == "":
		found.became = level(d.ACR)
	case level(d.ACR) != "substantial":
		c.Errorf("%s: after the app's code the level is %s", code, d.ACR)
	}
	return found
}

var (
	oneWay   = regexp.MustCompile(`(?s)<h3 id="way-([^"]+)">(.*?)</section>`)
	sentence = regexp.MustCompile(`(?s)</dl>\s*<p>(.*?)</p>`)
)

// goesOn does on a page what the person would: uses the app, agrees, or reads
// what it takes and goes back.
func (c citizen) goesOn(page world.Page, found *cell) world.Page {
	c.Helper()
	switch page.URL.Path {
	case "/consent":
		return c.Submit(page, "allow")
	case "/step-up/otp":
		found.became = afterIt
		return c.Submit(page, "continue", "code", c.app.Code())
	case "/step-up":
		if page.Has(`href="/step-up/otp?`) {
			found.offered = ways(page)
			return c.Get("/step-up/otp" + interactionOf(page))
		}
		if found.offered, found.became = ways(page), shown; len(found.offered) == 0 {
			m := sentence.FindStringSubmatch(page.Body)
			if m == nil {
				c.Fatalf("neither a way nor a reason at %s:\n%s", page.URL, page.Body)
			}
			found.became, found.reason = refused, m[1]
		}
		want(c, page, http.StatusOK, "Town registry", "You can also do this without an account")
		return c.Submit(page, "decline")
	}
	c.Fatalf("nobody expected %s (%d):\n%s", page.URL, page.Status, page.Body)
	return page
}

// ways are the ways that a page shows, by their steps, with those marked that
// begin there.
func ways(page world.Page) []string {
	var all []string
	for _, m := range oneWay.FindAllStringSubmatch(page.Body, -1) {
		name := strings.ReplaceAll(html.UnescapeString(m[1]), "+", " + ")
		if strings.Contains(m[2], `href="/`) {
			name += " *"
		}
		all = append(all, name)
	}
	return all
}

// unmet is the end of somebody who goes back: the agency learns what is
// missing, and the API lets nobody in.
func (f *cell) unmet(o *office, page world.Page, token string) {
	o.Helper()
	q := o.wantBack(page, "error", "unmet_authentication_requirements")
	got, fetched := o.fetch(q.Get("error_uri"))
	if got.Status != http.StatusOK || fetched.Procedure != f.code {
		o.Errorf("%s: outcome %d %s", f.code, got.Status, got.Body)
	}
	var missing []string
	for _, m := range fetched.Missing {
		missing = append(missing, strings.Trim(m.Axis+" "+m.Stage, " "))
	}
	f.ends = fetched.Outcome + ", missing: " + strings.Join(missing, ", ")
	o.turnsAway(f.code, token)
	f.after = "401"
}

// told is what a challenge names, besides the procedure itself.
func told(c challenge) string {
	text := "401 procedure"
	if c["max_age"] != "" {
		text += ", max_age=" + c["max_age"]
	}
	return text
}

// level is the last part of an acr value.
func level(acr string) string { return acr[strings.LastIndex(acr, "/")+1:] }

const explained = `Every kind of person opens every sample service of the demonstration, through HTTP.
Before: what the agency's API answers to the token of a log-in that was for no service.
Surety: the pages that the person meets, from the agency and back, in the session of that
log-in. [A] is a list of ways below, (1) a reason why there is none; whoever has no way
that can be gone here goes back to the agency.
Ends: in the service, or back at the agency, with what it may fetch about the reason.
After: what the API answers then, by the token alone, with the level that it reads in it.
`

// write makes the table that a person can read.
func write(o *office, people []kind, logins []string, found [][][]cell) string {
	var b, legend strings.Builder
	b.WriteString(explained)
	for _, p := range o.shop.Offers {
		fmt.Fprintf(&b, "\n  %s  %s: %s", p.Code, p.Titles["en"], required(p.Requirement))
	}
	b.WriteString("\n")
	var lists, reasons []string
	for i, k := range people {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(k.name[:1])+k.name[1:])
		for j, login := range logins {
			fmt.Fprintf(&b, "\n  logs in by %s\n", login)
			for _, c := range found[i][j] {
				steps := strings.Join(c.steps, ", ")
				if len(c.offered) > 0 {
					mark := string(rune('A' + at(&lists, strings.Join(c.offered, "\n      "))))
					steps = strings.Replace(steps, "step-up", "step-up ["+mark+"]", 1)
				}
				if c.reason != "" {
					steps += fmt.Sprintf(" (%d)", 1+at(&reasons, c.reason))
				}
				fmt.Fprintf(&b, "    %s  %-26s  %-36s  %-58s  %s\n", c.code, c.before, steps, c.ends, c.after)
			}
		}
	}
	legend.WriteString("\nWays, in the order of the page: what one would log in by, add, prove, or present, which\n" +
		"proves and logs in at once. Those with a star begin on Surety's own pages.\n")
	for i, list := range lists {
		fmt.Fprintf(&legend, "\n  [%c] %s\n", 'A'+i, list)
	}
	for i, reason := range reasons {
		fmt.Fprintf(&legend, "\n  (%d) %s\n", i+1, reason)
	}
	return b.String() + legend.String()
}

// at is where the text stands in the list, which grows by it.
func at(list *[]string, text string) int {
	if !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
	return slices.Index(*list, text)
}

// required is a requirement in a line.
func required(q assurance.Requirement) string {
	text := string(q.Level)
	if q.MaxAge > 0 {
		text += ", a log-in of the last " + procedure.WriteDuration(q.MaxAge)
	}
	for _, m := range q.ExcludedProofings {
		text += ", no " + string(m)
	}
	if q.Document != "" {
		text += ", document " + string(q.Document)
	}
	if q.Renewal {
		text += ", renewal"
	}
	for _, c := range q.Capacities {
		text += ", for an " + string(c.Capacity)
	}
	return text
}

// compare compares with a file that people have read.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s differs from what was found (-update writes it): %v\n%s", file, err, got)
	}
}
