package server

import (
	"strings"
	"testing"
)

func good() Config {
	return Config{
		Issuer: "https://id.example.org", Listen: []string{"127.0.0.1:0"}, DatabaseURL: "postgres://db/surety", KeysFile: "keys.json",
		Mail: MailConfig{Addr: "mail.example.org:25", From: "id@example.org"}, SMS: SMSConfig{URL: "https://sms.example.org"},
	}
}

// TestIssuerIsRefusedAtStart: passwords and codes in clear on a network, or an
// issuer that clients cannot compare, never start.
func TestIssuerIsRefusedAtStart(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://id.example.org":       "",
		"https://id.example.org:8443":  "",
		"http://localhost:8080":        "",
		"http://127.0.0.1:8080":        "",
		"http://[::1]:8080":            "",
		"":                             "SURETY_ISSUER is not set",
		"http://id.example.org":        "plain http is allowed on loopback only",
		"http://192.168.1.5":           "plain http is allowed on loopback only",
		"http://localhost.example.org": "plain http is allowed on loopback only",
		"ftp://id.example.org":         "plain http is allowed on loopback only",
		"https://id.example.org/":      "must not end in a slash",
		"https://id.example.org/realm": "without a path",
		"https://id.example.org?x=1":   "without query and fragment",
		"https://id.example.org#x":     "without query and fragment",
		"https://user@id.example.org":  "without query and fragment",
		"id.example.org":               "without query and fragment",
	} {
		c := good()
		c.Issuer = issuer
		for name, check := range map[string]func() error{"serve": c.CheckServe, "work": c.CheckWork} {
			err := check()
			switch {
			case want == "" && err != nil:
				t.Errorf("%s with %q: %v", name, issuer, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s with %q: %v, want %q", name, issuer, err, want)
			}
		}
	}
}

// TestEverySettingSaysWhatItIsFor, and is ours by its name.
func TestEverySettingSaysWhatItIsFor(t *testing.T) {
	all := Variables()
	if len(all) < 20 {
		t.Errorf("%d settings are listed", len(all))
	}
	for _, v := range all {
		if v.Usage == "" || !strings.HasPrefix(v.Name, "SURETY_") {
			t.Errorf("%q says %q", v.Name, v.Usage)
		}
	}
}

// TestEverythingThatIsMissingIsToldAtOnce spares an operator one restart a setting.
func TestEverythingThatIsMissingIsToldAtOnce(t *testing.T) {
	serve, work := Config{}.CheckServe(), Config{}.CheckWork()
	if serve == nil || work == nil {
		t.Fatal("an empty configuration starts")
	}
	for _, name := range []string{"SURETY_DATABASE_URL", "SURETY_KEYS_FILE", "SURETY_ISSUER", "SURETY_LISTEN"} {
		if !strings.Contains(serve.Error(), name) {
			t.Errorf("serve does not name %s: %v", name, serve)
		}
	}
	for _, name := range []string{"SURETY_DATABASE_URL", "SURETY_KEYS_FILE", "SURETY_ISSUER", "SURETY_SMTP_ADDR", "SURETY_SMS_URL"} {
		if !strings.Contains(work.Error(), name) {
			t.Errorf("work does not name %s: %v", name, work)
		}
	}
	c := good()
	c.TLSCertFile = "cert.pem"
	if err := c.CheckServe(); err == nil || !strings.Contains(err.Error(), "belong together") {
		t.Errorf("a certificate without its key: %v", err)
	}
}
