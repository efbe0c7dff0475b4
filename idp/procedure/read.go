package procedure

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp/claim"
	"surety/idp/strict"
)

// Bounds of a file. They are far beyond what an agency has, and keep one
// mistaken file from filling a table that every request reads.
const (
	MaxFile       = 4 << 20 // bytes
	MaxProcedures = 5000
	maxClaims     = 100
	maxTitle      = 300 // characters
	maxText       = 2000
	maxAddress    = 500
	maxWord       = 100
	maxEntries    = 50 // of any other list
)

// MaxAge is the longest max_age that makes sense: sessions end long before.
const MaxAge = 30 * 24 * time.Hour

// Languages are those in which an agency must publish.
func Languages() []string { return []string{"be", "ru", "uk", "en"} }

var (
	agencyShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$`)
	codeShape   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
)

// ValidCode reports whether the text can be a procedure's code: it stands in
// addresses, in tokens and in challenges, and needs no escaping anywhere.
func ValidCode(code string) bool { return codeShape.MatchString(code) }

// ValidAgency reports whether the text can name an agency.
func ValidAgency(agency string) bool { return agencyShape.MatchString(agency) }

// Reading is how files of procedures are read. Its zero value reads days in
// UTC and asks no policy.
type Reading struct {
	Zone *time.Location // in which days begin and end
	// Check says what is wrong with a requirement under the policy in force.
	Check func(assurance.Requirement) []string
}

// Parse reads a file as Reading's zero value does.
func Parse(file string, source []byte) ([]Procedure, error) {
	return Reading{}.Parse(file, source)
}

// Parse reads a file: a list of procedures, each with the keys that Procedure
// has in JSON; JSON is YAML. A max_age is written as 5m or 12h, a moment as a
// day or by RFC 3339. valid_from may be left out: then it stays zero and
// means the moment of publishing.
//
// Errors: strict.Problems, which name everything that is wrong.
func (g Reading) Parse(file string, source []byte) ([]Procedure, error) {
	r := &reader{Reader: strict.New(file), Reading: g, seen: map[version]bool{}}
	if r.Zone == nil {
		r.Zone = time.UTC
	}
	var all []Procedure
	if root := r.Document(source, MaxFile); root != nil {
		r.List(root, MaxProcedures, func(_ int, n *strict.Node) { all = append(all, r.procedure(n)) })
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

// version is what may be in a file once.
type version struct {
	Key
	from int64
}

type reader struct {
	*strict.Reader
	Reading
	seen map[version]bool
}

func (r *reader) procedure(n *strict.Node) Procedure {
	var p Procedure
	r.Mapping(n, strict.Fields{
		"agency":      strict.Required(func(n *strict.Node) { p.Agency = r.shaped(n, agencyShape, "an agency: letters, digits, . _ ~ -") }),
		"code":        strict.Required(func(n *strict.Node) { p.Code = r.shaped(n, codeShape, "a code: 1 to 40 letters, digits, . _ -") }),
		"titles":      strict.Required(func(n *strict.Node) { p.Titles = r.texts(n, maxTitle) }),
		"requirement": strict.Required(func(n *strict.Node) { p.Requirement = r.requirement(n) }),
		"scopes":      strict.Optional(func(n *strict.Node) { p.Scopes = r.words(n, "scope", claim.Scopes()) }),
		"claims":      strict.Optional(func(n *strict.Node) { p.Claims = r.claims(n) }),
		"start_uri":   strict.Optional(func(n *strict.Node) { p.StartURI = r.address(n) }),
		"in_person":   strict.Required(func(n *strict.Node) { p.InPerson = r.inPerson(n) }),
		"valid_from":  strict.Optional(func(n *strict.Node) { p.ValidFrom = r.Moment(n, r.Zone) }),
		"valid_until": strict.Optional(func(n *strict.Node) { p.ValidUntil = r.Moment(n, r.Zone) }),
	})
	if !p.ValidUntil.IsZero() && !p.ValidUntil.After(p.ValidFrom) {
		r.Report(n, "valid_until is the first moment at which it no longer counts", "%q ends before it begins", p.Code)
	}
	v := version{p.Key(), p.ValidFrom.UnixMicro()}
	if r.seen[v] {
		r.Report(n, "another version needs another valid_from", "procedure %q of %q appears twice", p.Code, p.Agency)
	}
	r.seen[v] = true
	return p
}

// Key names the procedure.
func (p Procedure) Key() Key { return Key{Agency: p.Agency, Code: p.Code} }

// shaped reads a name that the pattern allows.
func (r *reader) shaped(n *strict.Node, shape *regexp.Regexp, hint string) string {
	value := r.Text(n, maxWord)
	if value != "" && !shape.MatchString(value) {
		r.Report(n, hint, "%q is not allowed here", value)
	}
	return r.notEmpty(n, value)
}

func (r *reader) notEmpty(n *strict.Node, value string) string {
	if strings.TrimSpace(value) == "" && n.Value == value { // else it was reported already
		r.Report(n, "", "the value is empty")
	}
	return value
}

// texts reads one text in each language.
func (r *reader) texts(n *strict.Node, limit int) map[string]string {
	out, fields := map[string]string{}, strict.Fields{}
	for _, lang := range Languages() {
		fields[lang] = strict.Required(func(n *strict.Node) { out[lang] = r.notEmpty(n, r.Text(n, limit)) })
	}
	r.Mapping(n, fields)
	return out
}

// words reads a list of words out of those that are known.
func (r *reader) words(n *strict.Node, what string, known []string) []string {
	var out []string
	r.List(n, maxEntries, func(_ int, n *strict.Node) {
		word := r.word(n, what, known)
		if slices.Contains(out, word) {
			r.Report(n, "", "%s %q appears twice", what, word)
		}
		out = append(out, word)
	})
	return out
}

func (r *reader) word(n *strict.Node, what string, known []string) string {
	word := r.Text(n, maxWord)
	if word != "" && !slices.Contains(known, word) {
		r.Report(n, "known are: "+strings.Join(known, ", "), "unknown %s %q", what, word)
	}
	return word
}

func (r *reader) claims(n *strict.Node) []Claim {
	var out []Claim
	r.List(n, maxClaims, func(_ int, n *strict.Node) {
		c := r.claim(n)
		if slices.ContainsFunc(out, func(other Claim) bool { return other.Name == c.Name }) {
			r.Report(n, "", "claim %q appears twice", c.Name)
		}
		out = append(out, c)
	})
	return out
}

// claim reads one claim. That the operator and not the agency sets law is kept
// by who may bring a file in (RULES R10): this is an operator's command.
func (r *reader) claim(n *strict.Node) Claim {
	var c Claim
	r.Mapping(n, strict.Fields{
		"name": strict.Required(func(n *strict.Node) { c.Name = r.word(n, "claim", claim.All()) }),
		"basis": strict.Required(func(n *strict.Node) {
			c.Basis = Basis(r.word(n, "basis", []string{string(BasisConsent), string(BasisLaw)}))
		}),
		"required":  strict.Optional(func(n *strict.Node) { c.Required = r.Bool(n) }),
		"why":       strict.Optional(func(n *strict.Node) { c.Why = r.texts(n, maxText) }),
		"reference": strict.Optional(func(n *strict.Node) { c.Reference = r.notEmpty(n, r.Text(n, maxTitle)) }),
		"law":       strict.Optional(func(n *strict.Node) { c.Law = r.texts(n, maxText) }),
	})
	switch {
	case c.Basis == BasisLaw && (c.Reference == "" || c.Law == nil):
		r.Report(n, "people must read by which law it goes to the agency", "claim %q has the basis law without reference and law", c.Name)
	case c.Basis == BasisLaw && c.Required:
		r.Report(n, "required is for the basis consent", "claim %q goes to the agency by law: nobody can leave it out", c.Name)
	case c.Basis == BasisConsent && (c.Reference != "" || c.Law != nil):
		r.Report(n, "reference and law are for the basis law", "claim %q has the basis consent and names a law", c.Name)
	}
	return c
}

func (r *reader) inPerson(n *strict.Node) InPerson {
	var p InPerson
	r.Mapping(n, strict.Fields{
		"texts": strict.Optional(func(n *strict.Node) { p.Texts = r.texts(n, maxText) }),
		"link":  strict.Optional(func(n *strict.Node) { p.Link = r.address(n) }),
	})
	if p.Texts == nil && p.Link == "" {
		r.Report(n, "texts in each language, or link", "this says nothing about how to get the service without an account")
	}
	return p
}

// address reads the address of a page: https, or http on the loopback
// interface, which only agencies under development may have; that is asked
// when the file is brought in.
func (r *reader) address(n *strict.Node) string {
	value := r.Text(n, maxAddress)
	if err := checkAddress(value); err != nil {
		r.Report(n, "for example https://tax.example.org/certificate", "the address %v", err)
	}
	return value
}

func checkAddress(value string) error {
	u, err := url.Parse(value)
	switch {
	case strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }):
		return fmt.Errorf("holds a space, a backslash or a character outside ASCII")
	case err != nil || u.Host == "" || u.Opaque != "":
		return fmt.Errorf("is not an absolute address")
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("holds a user name or a fragment")
	case u.Scheme != "https" && !loopback(u):
		return fmt.Errorf("is not https")
	}
	return nil
}

// loopback reports whether the address is http on this very machine.
func loopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}

// Development reports whether one of the procedure's addresses is only good
// for an agency that is not for real people yet.
func (p Procedure) Development() bool {
	for _, address := range []string{p.StartURI, p.InPerson.Link} {
		if u, err := url.Parse(address); err == nil && u.Scheme == "http" {
			return true
		}
	}
	return false
}
