package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"surety/idp"
)

// Bounds of a text message and of what a gateway may answer.
const (
	maxSMS           = 670 // characters: ten parts of a message in UCS-2
	maxAnswerBody    = 4 << 10
	maxAnswerHeaders = 16 << 10
)

// DefaultSMSBody is the request body when the configuration gives none.
const DefaultSMSBody = `{"to": "{to}", "text": "{text}", "key": "{key}"}`

// SMSConfig describes an operator's gateway. URL is needed.
//
// In header values and in the strings of Body, {to} is the number in E.164,
// {text} the message and {key} its idempotency key. Body is JSON; values are
// put into its strings after it was parsed, so no text can change its shape.
type SMSConfig struct {
	URL       string
	Headers   map[string]string // besides Content-Type; {text} and {to} are not allowed here
	Body      string            // empty: DefaultSMSBody
	Permanent []int             // statuses after which another try cannot help, besides the usual
	Retry     []int             // statuses worth another try, besides the usual
	Accepted  []int             // statuses that mean taken, besides 2xx (409, where it means "I have this one")
	Roots     *x509.CertPool    // verify the gateway; nil means the machine's own
	Deadline  time.Duration     // of one send; 0 means 10 seconds
}

// Gateway sends text messages. It is safe for concurrent use.
type Gateway struct {
	cfg    SMSConfig
	body   any // the parsed template
	client *http.Client
}

// NewGateway checks the configuration; it does not connect.
func NewGateway(cfg SMSConfig) (*Gateway, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("SMS gateway address is not an http or https URL")
	}
	if cfg.Body == "" {
		cfg.Body = DefaultSMSBody
	}
	var body any
	if err := json.Unmarshal([]byte(cfg.Body), &body); err != nil {
		return nil, errors.New("SMS gateway body is not JSON")
	}
	if !strings.Contains(cfg.Body, "{to}") || !strings.Contains(cfg.Body, "{text}") {
		return nil, errors.New("SMS gateway body has no {to} or no {text}")
	}
	for name, value := range cfg.Headers {
		if hasControl(name+value) || strings.Contains(value, "{text}") || strings.Contains(value, "{to}") {
			return nil, fmt.Errorf("SMS gateway header %q may hold {key} and plain text only", name)
		}
	}
	if cfg.Deadline == 0 {
		cfg.Deadline = defaultDeadline
	}
	return &Gateway{cfg: cfg, body: body, client: gatewayClient(cfg.Roots)}, nil
}

func gatewayClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment, // the operator's own choice of way out
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    4,
			MaxConnsPerHost:        16,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxAnswerHeaders,
		},
		// A redirect would carry the bearer key and a person's number elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// e164 is the form that package contact makes.
var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Send hands the message to the gateway. It returns nil when the gateway took
// it, a *Failure otherwise.
func (g *Gateway) Send(ctx context.Context, eventKey string, message idp.Message) error {
	switch {
	case eventKey == "":
		return refused("message has no event key")
	case !e164.MatchString(message.To):
		return refused("recipient is not a number in E.164")
	case message.Text == "" || !isPlainText(message.Text) || utf8.RuneCountInString(message.Text) > maxSMS:
		return refused("text is empty, too long or not plain")
	}
	ctx, cancel := context.WithTimeout(ctx, g.cfg.Deadline)
	defer cancel()
	req, err := g.request(ctx, nameOf(eventKey), message)
	if err != nil {
		return refused("SMS request cannot be made")
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return &Failure{Stage: "send SMS", cause: err}
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswerBody)
	return g.verdict(resp.StatusCode)
}

func (g *Gateway) request(ctx context.Context, key string, message idp.Message) (*http.Request, error) {
	fill := strings.NewReplacer("{to}", message.To, "{text}", message.Text, "{key}", key)
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(filled(g.body, fill)); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.cfg.URL, &body)
	if err != nil {
		return nil, err
	}
	for name, value := range g.cfg.Headers {
		req.Header.Set(name, strings.ReplaceAll(value, "{key}", key))
	}
	req.Header.Set("Content-Type", "application/json")
	if req.Header.Get("Idempotency-Key") == "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req, nil
}

// filled copies a parsed JSON value with its strings filled in.
func filled(v any, fill *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		return fill.Replace(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = filled(item, fill)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = filled(item, fill)
		}
		return out
	default:
		return v
	}
}

// verdict maps a status. Our own mistakes in configuration (401, 403, 404)
// are worth another try, because somebody will mend them; only what the
// gateway says of this number or text is final.
func (g *Gateway) verdict(status int) error {
	f := &Failure{Stage: "send SMS", Status: status}
	switch {
	case slices.Contains(g.cfg.Accepted, status):
		return nil
	case slices.Contains(g.cfg.Retry, status):
		return f
	case slices.Contains(g.cfg.Permanent, status):
		f.Permanent = true
		return f
	case status >= 200 && status <= 299:
		return nil
	case status == http.StatusBadRequest, status == http.StatusGone,
		status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
		f.Permanent = true
		return f
	default:
		return f
	}
}
