package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"surety/idp"

	"github.com/wneessen/go-mail"
)

// Bounds of one e-mail, in bytes.
const (
	maxSubject = 300
	maxText    = 64 << 10
	maxAddress = 254
)

// Security says how a connection to the mail server is protected.
type Security string

// The ways to protect it.
const (
	SecurityStartTLS Security = "required" // refuse to send without (the default)
	SecurityTLS      Security = "tls"      // from the first byte (RFC 8314)
	// SecurityOpportunistic uses STARTTLS where it is offered. Whoever sits
	// between can take the offer away; passwords are never sent without TLS.
	SecurityOpportunistic Security = "opportunistic"
	SecurityNone          Security = "none" // for a server on this machine
)

// MailConfig says where e-mail goes. Addr and From are needed.
type MailConfig struct {
	Addr     string // host:port of the mail server
	From     string // bare address that mail comes from
	FromName string // shown beside it
	Security Security
	Username string         // empty: no authentication
	Password string         // only sent over TLS
	Roots    *x509.CertPool // verify the server; nil means the machine's own
	Deadline time.Duration  // of one send; 0 means 10 seconds
}

// Mailer sends e-mail. It is safe for concurrent use.
type Mailer struct {
	cfg    MailConfig
	host   string
	port   int
	domain string // of From, for Message-IDs
}

// NewMailer checks the configuration; it does not connect.
func NewMailer(cfg MailConfig) (*Mailer, error) {
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("mail server address: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 {
		return nil, errors.New("mail server address: the port is not a number from 1 to 65535")
	}
	if !isBareAddress(cfg.From) || hasControl(cfg.FromName) {
		return nil, errors.New("mail sender is not a bare address and a plain name")
	}
	switch cfg.Security {
	case "":
		cfg.Security = SecurityStartTLS
	case SecurityStartTLS, SecurityTLS, SecurityOpportunistic:
	case SecurityNone:
		if cfg.Username != "" {
			return nil, errors.New("mail password needs TLS")
		}
	default:
		return nil, fmt.Errorf("mail security %q is none of required, tls, opportunistic, none", cfg.Security)
	}
	if cfg.Deadline == 0 {
		cfg.Deadline = defaultDeadline
	}
	domain := cfg.From[strings.LastIndexByte(cfg.From, '@')+1:]
	return &Mailer{cfg: cfg, host: host, port: number, domain: domain}, nil
}

// Send hands the message to the mail server. It returns nil when the server
// took it, a *Failure otherwise.
func (m *Mailer) Send(ctx context.Context, now time.Time, eventKey string, message idp.Message) error {
	letter, err := m.compose(now, eventKey, message)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Deadline)
	defer cancel()
	client, err := mail.NewClient(m.host, m.options(ctx)...)
	if err != nil {
		return refused("mail client cannot be set up")
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		return mailFailure(ctx, letter, err)
	}
	return nil
}

// compose builds the message after checking all that goes into its headers.
func (m *Mailer) compose(now time.Time, eventKey string, message idp.Message) (*mail.Msg, error) {
	switch {
	case eventKey == "":
		return nil, refused("message has no event key")
	case !isBareAddress(message.To):
		return nil, refused("recipient is not one bare address")
	case message.Subject == "" || len(message.Subject) > maxSubject || hasControl(message.Subject):
		return nil, refused("subject is empty, too long or holds a control character")
	case message.Text == "" || len(message.Text) > maxText || !isPlainText(message.Text):
		return nil, refused("text is empty, too long or not plain")
	case !isLanguage(message.Lang):
		return nil, refused("language is no language tag")
	}
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.EncodingQP))
	letter.FromMailAddress(&netmail.Address{Name: m.cfg.FromName, Address: m.cfg.From})
	letter.ToMailAddress(&netmail.Address{Address: message.To})
	letter.Subject(message.Subject)
	letter.SetDateWithValue(now)
	letter.SetMessageIDWithValue(nameOf(eventKey) + "@" + m.domain)
	// Out-of-office replies to a code help nobody (RFC 3834, section 5).
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	if message.Lang != "" {
		letter.SetGenHeader("Content-Language", message.Lang)
	}
	letter.SetBodyString(mail.TypeTextPlain, strings.ReplaceAll(message.Text, "\r\n", "\n"))
	return letter, nil
}

func (m *Mailer) options(ctx context.Context) []mail.Option {
	settings := &tls.Config{ServerName: m.host, RootCAs: m.cfg.Roots, MinVersion: tls.VersionTLS12}
	options := []mail.Option{
		mail.WithPort(m.port),
		mail.WithTimeout(m.cfg.Deadline + time.Second), // ours ends first
		mail.WithHELO(m.domain),
		mail.WithDialContextFunc(m.dialer(ctx, settings)),
		mail.WithTLSConfig(settings),
	}
	switch m.cfg.Security {
	case SecurityNone:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case SecurityTLS, SecurityOpportunistic:
		// With SecurityTLS the dialer has made it secure; this has the library notice.
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.cfg.Username != "" {
		options = append(options, mail.WithUsername(m.cfg.Username), mail.WithPassword(m.cfg.Password),
			mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover))
	}
	return options
}

// dialer opens connections that end with send's context whatever happens. The
// library extends its deadline with each command, so a server that says one
// byte at a time could hold a worker for ever; and its own context for dialling
// ends as soon as the connection stands.
func (m *Mailer) dialer(send context.Context, settings *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn := &boundConn{Conn: plain}
		conn.stop = context.AfterFunc(send, func() { _ = plain.Close() })
		if m.cfg.Security != SecurityTLS {
			return conn, nil
		}
		secure := tls.Client(conn, settings)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// boundConn is closed when its context ends.
type boundConn struct {
	net.Conn
	stop func() bool
}

// Close closes the connection and lets go of the context.
func (c *boundConn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// mailFailure reads what went wrong. A message that was taken before the
// connection broke down is sent: the mail server's word counts, not the quit.
// Only what the server says of this recipient or text is final; when it refuses
// our sender, our password or our greeting, mending the configuration helps.
func mailFailure(ctx context.Context, letter *mail.Msg, err error) error {
	if letter.IsDelivered() {
		return nil
	}
	f := &Failure{Stage: "send e-mail", cause: err}
	if ctx.Err() != nil {
		f.cause = ctx.Err()
		return f
	}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		f.Status = reply.Code
	}
	var sent *mail.SendError
	if errors.As(err, &sent) {
		f.Status = sent.ErrorCode()
		ofMessage := sent.Reason == mail.ErrSMTPRcptTo || sent.Reason == mail.ErrSMTPData || sent.Reason == mail.ErrSMTPDataClose
		f.Permanent = ofMessage && f.Status >= 500 && f.Status <= 599
	}
	return f
}
