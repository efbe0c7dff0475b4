package templates_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"surety/idp/text"
)

// TestWellFormed checks every page in every language for what a browser would
// silently repair and a screen reader would stumble over.
func TestWellFormed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name, lang, page string) {
		d := read(t, page)
		d.check(t, lang)
		for _, form := range d.forms {
			if form["csrf"] == 0 && name != "form-post" {
				t.Error("a form lacks its token")
			}
			if name == "form-post" && form["csrf"] != 0 && form["lang"] == 0 {
				t.Error("our token would be sent to the agency")
			}
		}
	})
}

// document is what a page holds, collected in one pass.
type doc struct {
	ids    map[string]int
	refs   []string // ids that labels, descriptions and links name
	counts map[string]int
	forms  []map[string]int // names of fields
	unseen []string         // fields without a label
	bad    []string
	lang   string
}

var void = []string{"input", "meta", "link", "br", "hr", "img"}

func read(t *testing.T, page string) *doc {
	t.Helper()
	d := &doc{ids: map[string]int{}, counts: map[string]int{}}
	z := html.NewTokenizer(strings.NewReader(page))
	var open []string
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		tok := z.Token()
		switch kind {
		case html.StartTagToken:
			d.start(tok, open)
			if !slices.Contains(void, tok.Data) {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				t.Fatalf("</%s> closes %v", tok.Data, open)
			}
			open = open[:len(open)-1]
		case html.TextToken:
			if len(open) > 0 && (open[len(open)-1] == "script" || open[len(open)-1] == "style") {
				d.bad = append(d.bad, "inline "+open[len(open)-1])
			}
			if strings.Contains(tok.Data, "{{") || strings.Contains(tok.Data, "<no value>") || strings.Contains(tok.Data, "ZgotmplZ") {
				d.bad = append(d.bad, "unfilled text "+tok.Data)
			}
		}
	}
	if len(open) > 0 {
		t.Fatalf("left open: %v", open)
	}
	return d
}

func (d *doc) start(tok html.Token, open []string) {
	d.counts[tok.Data]++
	attr := map[string]string{}
	for _, a := range tok.Attr {
		if _, twice := attr[a.Key]; twice {
			d.bad = append(d.bad, "attribute twice: "+a.Key)
		}
		attr[a.Key] = a.Val
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "ZgotmplZ") {
			d.bad = append(d.bad, "attribute "+a.Key+"="+a.Val)
		}
	}
	if id := attr["id"]; id != "" {
		d.ids[id]++
	}
	for _, name := range []string{"for", "aria-labelledby", "aria-describedby", "data-none"} {
		d.refs = append(d.refs, strings.Fields(attr[name])...)
	}
	if href := attr["href"]; strings.HasPrefix(href, "#") && attr["class"] != "act" {
		d.refs = append(d.refs, href[1:])
	}
	switch tok.Data {
	case "html":
		d.lang = attr["lang"]
	case "form":
		d.forms = append(d.forms, map[string]int{})
		if attr["role"] == "search" { // changes nothing, so anybody may send it
			d.forms[len(d.forms)-1]["csrf"] = 1
		} else if attr["method"] != "post" {
			d.bad = append(d.bad, "form without post")
		}
	case "input", "button":
		if name := attr["name"]; name != "" && slices.Contains(open, "form") {
			d.forms[len(d.forms)-1][name]++
		}
		_, hidden := attr["hidden"]
		if tok.Data == "input" && attr["type"] != "hidden" && !hidden && !slices.Contains(open, "label") {
			d.unseen = append(d.unseen, attr["id"])
		}
	case "script":
		if attr["src"] == "" {
			d.bad = append(d.bad, "script without src")
		}
	case "a":
		if attr["target"] == "_blank" && attr["rel"] != "noopener" {
			d.bad = append(d.bad, "new tab without noopener")
		}
	}
}

func (d *doc) check(t *testing.T, lang string) {
	t.Helper()
	for _, b := range d.bad {
		t.Error(b)
	}
	for id, n := range d.ids {
		if n > 1 {
			t.Errorf("id %s is there %d times", id, n)
		}
	}
	for _, ref := range d.refs {
		if d.ids[ref] == 0 {
			t.Errorf("nothing has the id %q", ref)
		}
	}
	for _, id := range d.unseen {
		if !slices.Contains(d.refs, id) {
			t.Errorf("field %q has no label", id)
		}
	}
	for _, one := range []string{"h1", "main", "header", "footer", "title"} {
		if d.counts[one] != 1 {
			t.Errorf("page has %d of %s", d.counts[one], one)
		}
	}
	if d.lang != lang {
		t.Errorf("page says it is in %q", d.lang)
	}
}

// TestStableNames: scripts, the certification suite and people's own tools
// rely on these names.
func TestStableNames(t *testing.T) {
	t.Parallel()
	tm := load(t)
	want := map[string][]string{
		"sign-in": {"login", "password", "shared", "continue", "cancel"}, "consent": {"allow", "deny"}, "logout": {"logout", "stay"},
		"register": {"contact", "terms", "continue"}, "register-code-email": {"code", "continue", "resend"}, "register-link": {"continue"},
		"register-details": {"family_name", "given_name", "patronymic", "no_family_name", "no_given_name", "no_patronymic", "password", "continue"},
		"recover":          {"contact", "continue"}, "recover-code": {"code", "continue", "resend"}, "recover-password": {"password", "continue"},
		"terms-accept": {"terms", "continue", "logout"}, "account": {"logout", "logout-everywhere"}, "select-account": {"continue", "other"},
		"form-post": {"continue"}, "register-used": {"choice", "continue"},
		"sign-in-every-way": {"login", "password", "continue", "passkey"}, "sign-in-passkey": {"passkey", "shared"},
		"sign-in-sms": {"phone", "shared", "send"}, "sign-in-sms-code": {"code", "continue", "resend"},
		"step-up": {"decline"}, "step-up-otp": {"code", "continue"}, "step-up-sms": {"send"}, "step-up-sms-code": {"code", "continue", "resend"},
		"step-up-passkey": {"passkey"}, "methods-bind": {"send"}, "methods-bind-code": {"code", "continue", "resend"},
		"methods-otp": {"code", "continue"}, "methods-recovery": {"continue"}, "methods-passkey": {"name", "passkey"},
		"methods-rename": {"name", "continue"}, "methods-remove": {"remove"}, "methods-remove-last": {"confirm", "remove"},
	}
	for _, s := range samples() {
		html := render(t, tm, s, text.Default)
		for _, id := range want[s.name] {
			if !strings.Contains(html, ` id="`+id+`"`) {
				t.Errorf("%s has no id %s", s.name, id)
			}
			if name := ` name="` + id + `"`; s.name != "form-post" && !strings.Contains(html, name) {
				t.Errorf("%s has no name %s", s.name, id)
			}
		}
		delete(want, s.name)
	}
	if len(want) > 0 {
		t.Errorf("no samples of %v", want)
	}
}

// TestKeysOfTemplates: no template names a text that does not exist, also in
// branches that no sample takes.
func TestKeysOfTemplates(t *testing.T) {
	t.Parallel()
	texts, err := text.Load(text.Config{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("html")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`[{( ]t "([^"]+)"`)
	found := 0
	for _, file := range files {
		raw, err := os.ReadFile("html/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(raw), -1) {
			found++
			if !texts.Localizer(text.Default).Has(m[1]) {
				t.Errorf("%s names %s, which does not exist", file.Name(), m[1])
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d texts found: the pattern no longer fits", found)
	}
}
