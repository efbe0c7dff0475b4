package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is what an operator sets, read once from the environment. Secrets
// are named by file, never by value, so that they show in no process list.
type Config struct {
	Issuer        string   `env:"SURETY_ISSUER" usage:"public address, for example https://id.example.org"`
	Listen        []string `env:"SURETY_LISTEN" envSeparator:"," usage:"host:port to serve on, several with commas"`
	DatabaseURL   string   `env:"SURETY_DATABASE_URL" usage:"PostgreSQL, as postgres://user@host/database"`
	KeysFile      string   `env:"SURETY_KEYS_FILE" usage:"file with the master keys (idp keys-file makes one)"`
	Profile       string   `env:"SURETY_PROFILE" envDefault:"demo" usage:"what differs between countries"`
	TLSCertFile   string   `env:"SURETY_TLS_CERT_FILE" usage:"certificate chain in PEM; without it a proxy ends TLS"`
	TLSKeyFile    string   `env:"SURETY_TLS_KEY_FILE" usage:"its key in PEM"`
	CAFile        string   `env:"SURETY_CA_FILE" usage:"further authorities in PEM to trust for calls out"`
	Proxies       []string `env:"SURETY_TRUSTED_PROXIES" envSeparator:"," usage:"networks whose X-Forwarded-For is believed, as 10.0.0.0/8"`
	MetricsListen string   `env:"SURETY_METRICS_LISTEN" usage:"host:port of metrics and profiles; keep it inside"`
	BreachedFile  string   `env:"SURETY_BREACHED_PASSWORDS_FILE" usage:"sorted SHA-1 list of passwords that became known"`
	// FormsPerSecond is how many forms one address may send to a process in
	// the long run, and ten times that at once; 0 allows any number.
	FormsPerSecond float64       `env:"SURETY_FORMS_PER_SECOND" envDefault:"50" usage:"forms that one address may send to a process; 0: any number"`
	StopTimeout    time.Duration `env:"SURETY_STOP_TIMEOUT" envDefault:"20s" usage:"how long requests under way may take when stopping"`
	// Sandbox shows the parts page and allows what only a sandbox needs.
	Sandbox bool `env:"SURETY_SANDBOX" usage:"true shows the page of all parts"`
	Mail    MailConfig
	SMS     SMSConfig
	// Clock is protocol time, for tests alone: it cannot be set from outside.
	Clock func() time.Time `env:"-"`
	// Log gets the log's lines; nil means standard error.
	Log io.Writer `env:"-"`
}

// MailConfig is the SMTP relay.
type MailConfig struct {
	Addr         string `env:"SURETY_SMTP_ADDR" usage:"host:port of the mail relay"`
	From         string `env:"SURETY_SMTP_FROM" usage:"address that mail comes from"`
	User         string `env:"SURETY_SMTP_USER" usage:"name at the relay; empty: none"`
	PasswordFile string `env:"SURETY_SMTP_PASSWORD_FILE" usage:"its password"`
	TLS          string `env:"SURETY_SMTP_TLS" envDefault:"required" usage:"required, tls, opportunistic or none"`
}

// SMSConfig is the operator's HTTP gateway.
type SMSConfig struct {
	URL     string `env:"SURETY_SMS_URL" usage:"address of the HTTP gateway for text messages"`
	KeyFile string `env:"SURETY_SMS_KEY_FILE" usage:"its bearer key"`
	Body    string `env:"SURETY_SMS_BODY" usage:"JSON that it takes, with {to} and {text}; empty: {'to','text'}"`
}

// Variable is one thing that an operator can set.
type Variable struct {
	Name, Default, Usage string
}

// Variables lists everything that can be set, in the order of Config.
func Variables() []Variable {
	return variables(reflect.TypeFor[Config]())
}

func variables(t reflect.Type) []Variable {
	var all []Variable
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case f.Type.Kind() == reflect.Struct:
			all = append(all, variables(f.Type)...)
		case name != "" && name != "-":
			all = append(all, Variable{Name: name, Default: f.Tag.Get("envDefault"), Usage: f.Tag.Get("usage")})
		}
	}
	return all
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
