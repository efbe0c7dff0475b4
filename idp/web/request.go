package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/google/uuid"
)

type contextKey int

const (
	keyRequestID contextKey = iota
	keyAttrs
)

// referenceLength is 50 random bits: short enough to read out on the phone,
// enough to find one line among all logs of a year.
const referenceLength = 10

// newReference returns a request id like "K7QMA-2XPLD".
func newReference() string {
	t := rand.Text()
	return t[:referenceLength/2] + "-" + t[referenceLength/2:referenceLength]
}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, keyRequestID, id)
}

// RequestID returns the id of the request, which error pages show as their
// reference (RULES R12).
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(keyRequestID).(string)
	return id
}

// WithLogAttrs returns a context whose log lines carry the attributes: ids of
// interaction and client, never personal values.
func WithLogAttrs(ctx context.Context, attrs ...slog.Attr) context.Context {
	old, _ := ctx.Value(keyAttrs).([]slog.Attr)
	return context.WithValue(ctx, keyAttrs, append(old[:len(old):len(old)], attrs...))
}

// LogHandler adds request id and attributes of the context to every line.
type LogHandler struct {
	slog.Handler
}

// Handle adds the context's attributes.
func (h LogHandler) Handle(ctx context.Context, rec slog.Record) error {
	rec = rec.Clone()
	if id := RequestID(ctx); id != "" {
		rec.AddAttrs(slog.String("request_id", id))
	}
	if attrs, ok := ctx.Value(keyAttrs).([]slog.Attr); ok {
		rec.AddAttrs(attrs...)
	}
	return h.Handler.Handle(ctx, rec)
}

// WithAttrs keeps the wrapper around.
func (h LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return LogHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the wrapper around.
func (h LogHandler) WithGroup(name string) slog.Handler { return LogHandler{h.Handler.WithGroup(name)} }

// InteractionOf returns the id of the pending interaction that the form or
// the address names, or "" if it cannot be one. It proves nothing.
func InteractionOf(r *http.Request) string {
	id := ""
	if r.PostForm != nil {
		id = r.PostForm.Get("interaction")
	}
	if id == "" {
		id = r.URL.Query().Get("interaction")
	}
	if _, err := uuid.Parse(id); err != nil || len(id) != 36 {
		return ""
	}
	return id
}

// Source returns the address of the client: the peer's, or, if that is a
// proxy of ours, the last one in X-Forwarded-For that is not. What stands
// further left was written by strangers.
func (s *Site) Source(r *http.Request) netip.Addr {
	peer := parseAddr(r.RemoteAddr)
	if !s.proxy(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := parseAddr(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			return peer
		}
		peer = hop
		if !s.proxy(hop) {
			return hop
		}
	}
	return peer
}

func (s *Site) proxy(a netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// parseAddr reads an address with or without port.
func parseAddr(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}
