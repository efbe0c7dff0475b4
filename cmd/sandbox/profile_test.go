package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// offered runs `idp procedure list` against a sandbox, as an operator would.
func (r *running) offered(data string) []string {
	r.t.Helper()
	var d struct {
		Issuer, Profile string
		DatabaseURL     string `json:"database_url"`
	}
	text, err := os.ReadFile(r.path)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(programsDir, "idp"), "procedure", "list", "--json")
	cmd.Env = append(machineEnvironment(), "SURETY_ISSUER="+d.Issuer, "SURETY_DATABASE_URL="+d.DatabaseURL,
		"SURETY_KEYS_FILE="+filepath.Join(data, "keys.json"), "SURETY_PROFILE="+d.Profile, "SURETY_SANDBOX=1")
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("list procedures: %v: %s", err, out)
	}
	return strings.Split(string(out), `"code"`)[1:]
}

func TestAnotherProfileIsAnotherWorldWithItsOwnLevelsAndProcedures(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	first := launch(t, data, freePorts(t), "--profile", "ru", "--load-accounts", "1")
	d := first.describe()
	if level := d.Accounts[0].Level; level != "simplified" || !strings.Contains(first.said.String(), "profile ru") {
		t.Errorf("level %q:\n%s", level, first.said.String())
	}
	v := newVisitor(t, d)
	if page := v.surety.Get("/.well-known/openid-configuration"); !page.Has("https://surety.example/ru/level/confirmed") || page.Has("/demo/") {
		t.Errorf("metadata: %s", page.Body)
	}
	if page := v.logIn(d.Accounts[0].Login, d.Accounts[0].Password); !page.Has(`id="logout"`) {
		t.Errorf("the agency shows:\n%s", page.Body)
	}
	before := first.offered(data)
	first.interrupt()
	awaitDeath(t, d.PIDs)

	// Another country's world does not move in; the same one finds all as it was.
	refused, err := exec.Command(filepath.Join(programsDir, "sandbox"), "--data", data, "--port", strconv.Itoa(freePorts(t)), "--profile", "by").CombinedOutput()
	if err == nil || strings.Count(strings.TrimSpace(string(refused)), "\n") != 0 || !strings.Contains(string(refused), "PROFILE=ru") {
		t.Errorf("by in the folder of ru: %v\n%s", err, refused)
	}
	second := launch(t, data, freePorts(t), "--profile", "ru", "--load-accounts", "1")
	if after := second.offered(data); len(before) < 6 || len(after) != len(before) {
		t.Errorf("%d procedures, then %d", len(before), len(after))
	}
	second.interrupt()
}
