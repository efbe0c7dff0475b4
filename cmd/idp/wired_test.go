package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"surety/idp/idptest"
	"surety/idp/server"
)

// A real installation from an empty database: everything as it is wired, with
// nothing put in its place but where the settings come from.
func TestWired_FromEmptyToASealedAudit(t *testing.T) {
	t.Parallel()
	keysFile := filepath.Join(t.TempDir(), "keys.json")
	h := wired()
	cfg := server.Config{
		Issuer: "https://id.example.org", DatabaseURL: idptest.Blank(t), KeysFile: keysFile, Profile: "demo", Sandbox: true,
	}
	h.config = func() (server.Config, error) { return cfg, nil }
	do := func(want int, stdin string, args ...string) map[string]any {
		t.Helper()
		var out, errOut bytes.Buffer
		if code := run(t.Context(), append(args, "-json"), h, strings.NewReader(stdin), &out, &errOut); code != want {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out.String(), errOut.String())
		}
		var answer map[string]any
		if b := append(out.Bytes(), errOut.Bytes()...); json.Unmarshal(b, &answer) != nil {
			t.Fatalf("%v: not one JSON object: %s", args, b)
		}
		return answer
	}
	do(exitFailed, "", "client", "list") // no keys file yet
	do(0, "", "keys-file", keysFile)
	do(exitFailed, "", "client", "list") // no tables yet
	do(0, "", "migrate")
	if made := do(0, `{"client_name": "Tax", "redirect_uris": ["https://tax.example/cb"]}`, "client", "import", "-"); made["client_secret"] == nil {
		t.Errorf("imported %v", made)
	}
	do(0, "", "key", "rotate", "-alg", "ES256", "-alg", "RS256")
	if link := do(0, "", "operator", "invite", "-bootstrap")["link"]; !strings.HasPrefix(link.(string), "https://id.example.org/operator/invite?token=") {
		t.Errorf("link %v", link)
	}
	person := func(password string) string {
		return `[{"contact": "anna@example.test", "family_name": "Kowal", "given_name": "Anna", "password": "` + password + `", "language": "be"}]`
	}
	refused := do(exitRefused, person("passwordpassword"), "sandbox-accounts", "-")["error"].(map[string]any)
	if refused["code"] != "invalid" || !strings.Contains(refused["message"].(string), "This password is among the most common ones") {
		t.Errorf("refused with %v", refused)
	}
	for _, existed := range []bool{false, true} {
		one := do(0, person("velvet otter ladder 93 moss"), "sandbox-accounts", "-")["accounts"].([]any)[0].(map[string]any)
		if one["login"] != "anna@example.test" || one["existed"] != existed {
			t.Errorf("made %v", one)
		}
	}
	if report := do(0, "", "audit", "verify"); report["ok"] != true || report["pending"].(float64) < 4 {
		t.Errorf("audit %v", report)
	}
}
