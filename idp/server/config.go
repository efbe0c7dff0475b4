package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is what an operator sets, read once from the environment. Secrets
// are named by file, never by value, so that they show in no process list.
type Config struct {
	Issuer        string   `env:"SURETY_ISSUER"`
	Listen        []string `env:"SURETY_LISTEN" envSeparator:","`
	DatabaseURL   string   `env:"SURETY_DATABASE_URL"`
	KeysFile      string   `env:"SURETY_KEYS_FILE"`
	Profile       string   `env:"SURETY_PROFILE" envDefault:"demo"`
	TLSCertFile   string   `env:"SURETY_TLS_CERT_FILE"`
	TLSKeyFile    string   `env:"SURETY_TLS_KEY_FILE"`
	CAFile        string   `env:"SURETY_CA_FILE"` // further authorities to trust for calls out
	Proxies       []string `env:"SURETY_TRUSTED_PROXIES" envSeparator:","`
	MetricsListen string   `env:"SURETY_METRICS_LISTEN"`
	BreachedFile  string   `env:"SURETY_BREACHED_PASSWORDS_FILE"`
	// FormsPerSecond is how many forms one address may send to a process in
	// the long run, and ten times that at once; 0 allows any number.
	FormsPerSecond float64       `env:"SURETY_FORMS_PER_SECOND" envDefault:"50"`
	StopTimeout    time.Duration `env:"SURETY_STOP_TIMEOUT" envDefault:"20s"`
	// Sandbox shows the parts page and allows what only a sandbox needs.
	Sandbox bool `env:"SURETY_SANDBOX"`
	Mail    MailConfig
	SMS     SMSConfig
	// Clock is protocol time, for tests alone: it cannot be set from outside.
	Clock func() time.Time `env:"-"`
	// Log gets the log's lines; nil means standard error.
	Log io.Writer `env:"-"`
}

// MailConfig is the SMTP relay.
type MailConfig struct {
	Addr         string `env:"SURETY_SMTP_ADDR"` // host:port
	From         string `env:"SURETY_SMTP_FROM"`
	User         string `env:"SURETY_SMTP_USER"`
	PasswordFile string `env:"SURETY_SMTP_PASSWORD_FILE"`
	TLS          string `env:"SURETY_SMTP_TLS" envDefault:"opportunistic"` // none, opportunistic, required
}

// SMSConfig is the operator's HTTP gateway.
type SMSConfig struct {
	URL     string `env:"SURETY_SMS_URL"`
	KeyFile string `env:"SURETY_SMS_KEY_FILE"`
	Body    string `env:"SURETY_SMS_BODY"` // JSON template; empty means the default
}

// FromEnvironment reads the configuration without judging it.
func FromEnvironment() (Config, error) {
	var c Config
	if err := env.Parse(&c); err != nil {
		return Config{}, fmt.Errorf("read configuration from the environment: %w", err)
	}
	return c, nil
}

// CheckStore reports what is missing to reach the database and open its seals.
func (c Config) CheckStore() error {
	var errs []error
	if c.DatabaseURL == "" {
		errs = append(errs, errors.New("SURETY_DATABASE_URL is not set: give the address of a PostgreSQL database"))
	}
	if c.KeysFile == "" {
		errs = append(errs, errors.New("SURETY_KEYS_FILE is not set: give the file with the master keys (idp keys-file makes one)"))
	}
	return errors.Join(errs...)
}

// CheckServe reports what is missing or unsafe for serving people.
func (c Config) CheckServe() error {
	errs := []error{c.CheckStore(), c.checkIssuer()}
	if len(c.Listen) == 0 {
		errs = append(errs, errors.New("SURETY_LISTEN is not set: give one or more host:port"))
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		errs = append(errs, errors.New("SURETY_TLS_CERT_FILE and SURETY_TLS_KEY_FILE belong together"))
	}
	return errors.Join(errs...)
}

// CheckWork reports what is missing for sending what leaves the house.
func (c Config) CheckWork() error {
	errs := []error{c.CheckStore(), c.checkIssuer()}
	if c.Mail.Addr == "" || c.Mail.From == "" {
		errs = append(errs, errors.New("SURETY_SMTP_ADDR and SURETY_SMTP_FROM are needed to send e-mail"))
	}
	if c.SMS.URL == "" {
		errs = append(errs, errors.New("SURETY_SMS_URL is needed to send SMS"))
	}
	return errors.Join(errs...)
}

// checkIssuer holds the issuer to https, save on loopback where a sandbox
// lives: any other http issuer would send passwords and codes in clear.
func (c Config) checkIssuer() error {
	u, err := url.Parse(c.Issuer)
	switch {
	case c.Issuer == "":
		return errors.New("SURETY_ISSUER is not set: give the public address, for example https://id.example.org")
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("SURETY_ISSUER %q is not an address without query and fragment (OpenID Connect Discovery, section 3)", c.Issuer)
	case strings.HasSuffix(c.Issuer, "/"):
		return errors.New("SURETY_ISSUER must not end in a slash: clients compare it as text")
	case u.Path != "":
		return errors.New("SURETY_ISSUER must be an origin without a path: cookies with the __Host- prefix belong to a whole origin")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("SURETY_ISSUER %q: plain http is allowed on loopback only", c.Issuer)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func readSecret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
