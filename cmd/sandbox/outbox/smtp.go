package outbox

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-smtp"
)

// Bounds of the mail server.
const (
	maxMail       = 1 << 20
	maxRecipients = 50
	mailTimeout   = time.Minute + maxDelay
)

// newMailServer returns a server that takes mail for anybody into the box.
func (s *Server) newMailServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{server: s}, nil
	}))
	server.Domain = "sandbox.localhost"
	server.MaxMessageBytes = maxMail
	server.MaxRecipients = maxRecipients
	server.ReadTimeout = mailTimeout
	server.WriteTimeout = mailTimeout
	server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	return server
}

// mailSession is one connection. go-smtp calls it from one goroutine.
type mailSession struct {
	server *Server
	from   string
	to     []string
}

// Reset forgets the message under way.
func (m *mailSession) Reset() { m.from, m.to = "", nil }

// Logout ends the session.
func (m *mailSession) Logout() error { return nil }

// Mail notes the sender.
func (m *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	m.from = from
	return nil
}

// Rcpt notes a recipient.
func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.to = append(m.to, to)
	return nil
}

// Data takes the message, or does what the fault of the moment says.
func (m *mailSession) Data(r io.Reader) error {
	letter, err := readLetter(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "message cannot be read"}
	}
	fault := m.server.faults.next(context.Background(), channelEmail)
	if fault.Status == 0 || fault.Taken {
		for _, to := range m.to {
			m.server.box.Add(channelEmail+"\x00"+letter.key+"\x00"+strings.ToLower(to), Message{
				Channel: channelEmail, From: m.from, To: to, Subject: letter.subject, Text: letter.text, At: m.server.now(),
			})
		}
	}
	if fault.Status != 0 {
		return &smtp.SMTPError{Code: fault.Status, EnhancedCode: smtp.EnhancedCode{fault.Status / 100, 0, 0}, Message: "as the sandbox was told"}
	}
	return nil
}

// letter is what the box keeps of an e-mail.
type letter struct {
	key, subject, text string
}

func readLetter(r io.Reader) (letter, error) {
	read, err := mail.ReadMessage(io.LimitReader(r, maxMail))
	if err != nil {
		return letter{}, fmt.Errorf("read e-mail: %w", err)
	}
	l := letter{key: read.Header.Get("Message-Id")}
	if l.key == "" {
		// Surety's own mail always has one: without it repeats cannot be told.
		return letter{}, errors.New("read e-mail: no Message-ID")
	}
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		return letter{}, fmt.Errorf("read subject: %w", err)
	}
	l.text, err = plainText(textproto.MIMEHeader(read.Header), read.Body, 0)
	if err != nil {
		return letter{}, err
	}
	l.text = strings.TrimRight(strings.ReplaceAll(l.text, "\r\n", "\n"), "\n")
	if !utf8.ValidString(l.text) || !utf8.ValidString(l.subject) {
		return letter{}, errors.New("read e-mail: not UTF-8")
	}
	return l, nil
}

// plainText finds the first text/plain part.
func plainText(header textproto.MIMEHeader, body io.Reader, depth int) (string, error) {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 3 {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return "", fmt.Errorf("read e-mail parts: %w", err)
			}
			if text, err := plainText(part.Header, part, depth+1); err == nil {
				return text, nil
			}
		}
	}
	if kind != "text/plain" {
		return "", fmt.Errorf("read e-mail: %s instead of plain text", kind)
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(io.LimitReader(body, maxMail))
	if err != nil {
		return "", fmt.Errorf("read e-mail text: %w", err)
	}
	return string(b), nil
}
