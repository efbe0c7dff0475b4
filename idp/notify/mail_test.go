package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"surety/idp"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

var testTime = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// letter is what a server was given.
type letter struct {
	from, to, raw string
	user          string
}

// post is a mail server that answers as told; it is its own session.
type post struct {
	letters  chan letter
	password string
	mail     *smtp.SMTPError
	rcpt     *smtp.SMTPError
	data     *smtp.SMTPError
	got      letter
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) {
	s := *p
	return &s, nil
}
func (p *post) Reset()        {}
func (p *post) Logout() error { return nil }
func (p *post) AuthMechanisms() []string {
	if p.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}
func (p *post) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != p.password {
			return smtp.ErrAuthFailed
		}
		p.got.user = user
		return nil
	}), nil
}
func (p *post) Mail(from string, _ *smtp.MailOptions) error {
	p.got.from = from
	return orNil(p.mail)
}
func (p *post) Rcpt(to string, _ *smtp.RcptOptions) error {
	p.got.to = to
	return orNil(p.rcpt)
}
func (p *post) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if p.data != nil {
		return p.data
	}
	p.got.raw = string(b)
	p.letters <- p.got
	return nil
}

func orNil(e *smtp.SMTPError) error {
	if e == nil {
		return nil
	}
	return e
}

// servePost starts the mail server; security says how it listens.
func servePost(t *testing.T, p *post, security Security) MailConfig {
	t.Helper()
	p.letters = make(chan letter, 10)
	server := smtp.NewServer(p)
	server.Domain = "mx.example"
	server.MaxLineLength = 2000
	server.ErrorLog = log.New(io.Discard, "", 0)
	cfg := MailConfig{From: "no-reply@id.example", FromName: "Surety", Security: security}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if security != SecurityNone {
		server.TLSConfig, cfg.Roots = testCertificate()
	}
	cfg.Addr = listener.Addr().String()
	if security == SecurityTLS {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = listener.Close() // Serve may not have begun
		<-done
	})
	return cfg
}

// testCertificate borrows the certificate of httptest, which is for 127.0.0.1.
func testCertificate() (*tls.Config, *x509.CertPool) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool
}

func mailer(t *testing.T, cfg MailConfig) *Mailer {
	t.Helper()
	m, err := NewMailer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func code() idp.Message {
	return idp.Message{
		To: "anna@example.org", Lang: "be", Subject: "Ваш код: 123456",
		Text: "Добры дзень!\nВаш код: 123456\n.\n" + strings.Repeat("даўжэзны радок ", 20),
	}
}

func TestMailArrivesAsWritten(t *testing.T) {
	t.Parallel()
	p := &post{}
	m := mailer(t, servePost(t, p, SecurityNone))
	for range 2 {
		if err := m.Send(t.Context(), testTime, "register:42:1", code()); err != nil {
			t.Fatalf("Send: %v", err)
		}
	}
	first, second := <-p.letters, <-p.letters
	if first.from != "no-reply@id.example" || first.to != "anna@example.org" {
		t.Errorf("envelope %q to %q", first.from, first.to)
	}
	read, err := netmail.ReadMessage(strings.NewReader(first.raw))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	if err != nil || subject != code().Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil || strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")) != strings.TrimSpace(code().Text) {
		t.Errorf("text %q, %v", text, err)
	}
	for name, want := range map[string]string{
		"From": `"Surety" <no-reply@id.example>`, "To": "<anna@example.org>", "Date": "Sat, 21 Nov 2026 10:00:00 +0000",
		"Auto-Submitted": "auto-generated", "Content-Language": "be", "User-Agent": "", "X-Mailer": "", "List-Unsubscribe": "",
	} {
		if got := read.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	again, err := netmail.ReadMessage(strings.NewReader(second.raw))
	if err != nil {
		t.Fatal(err)
	}
	id := read.Header.Get("Message-Id")
	if id == "" || id != again.Header.Get("Message-Id") {
		t.Errorf("a repeat has another name: %q, %q", id, again.Header.Get("Message-Id"))
	}
	if strings.Contains(first.raw, "register:42") || !strings.HasSuffix(id, "@id.example>") {
		t.Errorf("Message-ID %q", id)
	}
}

func TestMailHasOneNamePerEvent(t *testing.T) {
	t.Parallel()
	first, second, other := nameOf("a"), nameOf("a"), nameOf("b")
	if first != second || first == other {
		t.Error("names do not follow event keys")
	}
}

func TestMailRefusesHeaderInjection(t *testing.T) {
	t.Parallel()
	p := &post{}
	m := mailer(t, servePost(t, p, SecurityNone))
	for name, change := range map[string]func(*idp.Message){
		"line break in subject":   func(n *idp.Message) { n.Subject = "code\r\nBcc: all@example.org" },
		"bare newline":            func(n *idp.Message) { n.Subject = "code\nBcc: all@example.org" },
		"unicode line separator":  func(n *idp.Message) { n.Subject = "code\u0085Bcc: all@example.org" },
		"NUL in subject":          func(n *idp.Message) { n.Subject = "a\x00b" },
		"broken UTF-8":            func(n *idp.Message) { n.Subject = "a\xffb" },
		"long subject":            func(n *idp.Message) { n.Subject = strings.Repeat("a", 301) },
		"no subject":              func(n *idp.Message) { n.Subject = "" },
		"line break in recipient": func(n *idp.Message) { n.To = "anna@example.org\r\nRCPT TO:<eve@example.org>" },
		"two recipients":          func(n *idp.Message) { n.To = "anna@example.org,eve@example.org" },
		"named recipient":         func(n *idp.Message) { n.To = "Anna <anna@example.org>" },
		"quoted recipient":        func(n *idp.Message) { n.To = `"a@b"@example.org` },
		"route":                   func(n *idp.Message) { n.To = "@relay.example:anna@example.org" },
		"two at signs":            func(n *idp.Message) { n.To = "anna@evil@example.org" },
		"letters beyond ASCII":    func(n *idp.Message) { n.To = "анна@example.org" },
		"no recipient":            func(n *idp.Message) { n.To = "" },
		"line break in language":  func(n *idp.Message) { n.Lang = "be\r\nBcc: all@example.org" },
		"NUL in text":             func(n *idp.Message) { n.Text = "a\x00b" },
		"no text":                 func(n *idp.Message) { n.Text = "" },
		"endless text":            func(n *idp.Message) { n.Text = strings.Repeat("a", maxText+1) },
	} {
		n := code()
		change(&n)
		var f *Failure
		if err := m.Send(t.Context(), testTime, "key", n); !errors.As(err, &f) || !f.Permanent || f.Status != 0 {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	if err := m.Send(t.Context(), testTime, "", code()); err == nil {
		t.Error("sent without an event key")
	}
	if len(p.letters) != 0 {
		t.Errorf("the server got %+v", <-p.letters)
	}
}

func TestMailReadsTheServersAnswer(t *testing.T) {
	t.Parallel()
	says := func(status int) *smtp.SMTPError {
		return &smtp.SMTPError{Code: status, Message: "anna@example.org is not welcome"}
	}
	for _, tc := range []struct {
		name      string
		post      post
		permanent bool
		status    int
	}{
		{"unknown recipient", post{rcpt: says(550)}, true, 550},
		{"mailbox busy", post{rcpt: says(450)}, false, 450},
		{"text refused", post{data: says(554)}, true, 554},
		{"text refused today", post{data: says(451)}, false, 451},
		{"our sender refused", post{mail: says(550)}, false, 550},
	} {
		m := mailer(t, servePost(t, &tc.post, SecurityNone))
		err := m.Send(t.Context(), testTime, "key", code())
		var f *Failure
		if !errors.As(err, &f) || f.Permanent != tc.permanent || f.Status != tc.status {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "anna") || strings.Contains(err.Error(), "welcome")) {
			t.Errorf("%s: the failure repeats the server: %v", tc.name, err)
		}
	}
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	m := mailer(t, MailConfig{Addr: dead.Addr().String(), From: "a@id.example", Security: SecurityNone})
	var f *Failure
	if err := m.Send(t.Context(), testTime, "key", code()); !errors.As(err, &f) || f.Permanent || !strings.Contains(err.Error(), "no connection") {
		t.Errorf("no server: %v", err)
	}
}

func TestMailProtectsTheConnection(t *testing.T) {
	t.Parallel()
	for _, security := range []Security{SecurityStartTLS, SecurityTLS} {
		p := &post{password: "open sesame"}
		cfg := servePost(t, p, security)
		cfg.Username, cfg.Password = "surety", "open sesame"
		if err := mailer(t, cfg).Send(t.Context(), testTime, "key", code()); err != nil {
			t.Errorf("%s: %v", security, err)
			continue
		}
		if got := <-p.letters; got.user != "surety" {
			t.Errorf("%s: logged in as %q", security, got.user)
		}
		cfg.Password = "wrong"
		var f *Failure
		if err := mailer(t, cfg).Send(t.Context(), testTime, "key", code()); !errors.As(err, &f) || f.Permanent {
			t.Errorf("%s, wrong password: %v", security, err)
		}
		cfg.Roots = x509.NewCertPool()
		if err := mailer(t, cfg).Send(t.Context(), testTime, "key", code()); err == nil {
			t.Errorf("%s: sent to a server nobody vouches for", security)
		}
	}
	p := &post{}
	cfg := servePost(t, p, SecurityNone)
	cfg.Security = SecurityOpportunistic
	if err := mailer(t, cfg).Send(t.Context(), testTime, "key", code()); err != nil || (<-p.letters).to == "" {
		t.Errorf("opportunistic, nothing offered: %v", err)
	}
	cfg.Security = "" // the default
	if err := mailer(t, cfg).Send(t.Context(), testTime, "key", code()); err == nil || len(p.letters) != 0 {
		t.Errorf("sent in clear to a server without STARTTLS: %v", err)
	}
}

// rawPost is a mail server that follows a script line by line.
func rawPost(t *testing.T, serve func(conn net.Conn, in *bufio.Reader)) MailConfig {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		serve(conn, bufio.NewReader(conn))
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return MailConfig{Addr: listener.Addr().String(), From: "a@id.example", Security: SecurityNone}
}

func TestMailTakenCountsAlthoughTheGoodbyeFails(t *testing.T) {
	t.Parallel()
	cfg := rawPost(t, func(conn net.Conn, in *bufio.Reader) {
		fmt.Fprint(conn, "220 mx\r\n")
		for {
			line, err := in.ReadString('\n')
			switch {
			case err != nil:
				return
			case strings.HasPrefix(line, "EHLO"):
				fmt.Fprint(conn, "250 mx\r\n")
			case strings.HasPrefix(line, "DATA"):
				fmt.Fprint(conn, "354 go\r\n")
			case line == ".\r\n":
				fmt.Fprint(conn, "250 taken\r\n")
				return // and hang up
			case strings.HasPrefix(line, "MAIL"), strings.HasPrefix(line, "RCPT"), strings.HasPrefix(line, "NOOP"):
				fmt.Fprint(conn, "250 ok\r\n")
			}
		}
	})
	if err := mailer(t, cfg).Send(t.Context(), testTime, "key", code()); err != nil {
		t.Errorf("Send = %v, though the server took it", err)
	}
}

func TestMailEndsWithItsDeadlineHoweverTheServerDrips(t *testing.T) {
	t.Parallel()
	cfg := rawPost(t, func(conn net.Conn, in *bufio.Reader) {
		fmt.Fprint(conn, "220 mx\r\n")
		if _, err := in.ReadString('\n'); err != nil {
			return
		}
		// An answer of endless continuation lines: each is progress.
		for {
			if _, err := fmt.Fprint(conn, "250-x\r\n"); err != nil {
				return
			}
		}
	})
	cfg.Deadline = 100 * time.Millisecond
	var f *Failure
	if err := mailer(t, cfg).Send(t.Context(), testTime, "key", code()); !errors.As(err, &f) || f.Permanent || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send = %v", err)
	}
}

func TestNewMailerRefusesBadConfiguration(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]MailConfig{
		"no port":           {Addr: "mx.example", From: "a@id.example"},
		"bad port":          {Addr: "mx.example:smtp", From: "a@id.example"},
		"no sender":         {Addr: "mx.example:25"},
		"sender with break": {Addr: "mx.example:25", From: "a@id.example\r\nBcc: b@c.d"},
		"name with break":   {Addr: "mx.example:25", From: "a@id.example", FromName: "A\r\nBcc: b@c.d"},
		"unknown security":  {Addr: "mx.example:25", From: "a@id.example", Security: "maybe"},
		"password in clear": {Addr: "mx.example:25", From: "a@id.example", Security: SecurityNone, Username: "u", Password: "p"},
	} {
		if _, err := NewMailer(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
