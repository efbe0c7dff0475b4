package outbox

import (
	"context"
	_ "embed" // the page and its stylesheet
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/emersion/go-smtp"
)

// maxWait bounds a long poll.
const maxWait = time.Minute

var (
	//go:embed page.html
	pageHTML string
	//go:embed style.css
	styleCSS []byte

	page = template.Must(template.New("page").Parse(pageHTML))
)

// Config says what the outbox needs.
type Config struct {
	SMSKey string // the gateway's bearer key
	Now    func() time.Time
	Log    *slog.Logger
}

// Server is the outbox. Make it with New.
type Server struct {
	box    *Box
	faults *faults
	smsKey string
	now    func() time.Time
	log    *slog.Logger
}

// New returns an empty outbox.
func New(cfg Config) *Server {
	return &Server{
		box:    NewBox(),
		faults: &faults{active: map[string]*Fault{}},
		smsKey: cfg.SMSKey,
		now:    cfg.Now,
		log:    cfg.Log,
	}
}

// Box gives tests the messages without HTTP.
func (s *Server) Box() *Box { return s.box }

// Serve answers on the listeners until ctx ends, then closes everything.
func (s *Server) Serve(ctx context.Context, mailOn net.Listener, webOn ...net.Listener) error {
	mailServer := s.newMailServer()
	webServer := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      maxWait + maxDelay,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx }, // so that long polls end with us
	}
	ended := make(chan error, 1+len(webOn))
	go func() { ended <- mailServer.Serve(mailOn) }()
	for _, l := range webOn {
		go func() { ended <- webServer.Serve(l) }()
	}
	var failed error
	running := cap(ended)
	select {
	case <-ctx.Done():
	case failed = <-ended:
		running--
	}
	_ = mailServer.Close()
	_ = mailOn.Close() // in case Serve had not begun
	_ = webServer.Close()
	for range running {
		<-ended
	}
	if failed != nil && !errors.Is(failed, http.ErrServerClosed) && !errors.Is(failed, smtp.ErrServerClosed) {
		return fmt.Errorf("serve outbox: %w", failed)
	}
	return nil
}

// Handler is the web side: the gateway, the page and the calls for scripts.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showPage)
	mux.HandleFunc("GET /style.css", showStyle)
	mux.HandleFunc("GET /messages.json", s.listMessages)
	mux.HandleFunc("POST /sms", s.takeSMS)
	mux.HandleFunc("GET /faults", s.faults.show)
	mux.HandleFunc("POST /faults", s.faults.set)
	mux.HandleFunc("DELETE /faults", s.faults.clear)
	nothing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	mux.HandleFunc("GET /ready", nothing)
	mux.HandleFunc("GET /favicon.ico", nothing) // browsers ask for it unbidden
	return onlyLocal(http.NewCrossOriginProtection().Handler(mux))
}

// onlyLocal refuses requests that came by another name: a page of the wide
// world whose name was pointed at 127.0.0.1 must not read people's codes.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			refuse(w, http.StatusMisdirectedRequest, "the outbox answers to localhost only")
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func readFilter(r *http.Request) (Filter, error) {
	q := r.URL.Query()
	f := Filter{To: q.Get("to"), Channel: q.Get("channel")}
	if after := q.Get("after"); after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil || n < 0 {
			return f, errors.New("after is not a message number")
		}
		f.After = n
	}
	return f, nil
}

func (s *Server) listMessages(w http.ResponseWriter, r *http.Request) {
	filter, err := readFilter(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	var wait time.Duration
	if text := r.URL.Query().Get("wait"); text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > maxWait {
			refuse(w, http.StatusBadRequest, "wait is not a duration up to "+maxWait.String())
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	writeJSON(w, http.StatusOK, s.box.Wait(ctx, filter))
}

// pageView is what the page shows: the newest first.
type pageView struct {
	To       string
	Messages []Message
	Repeats  int64
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	filter, err := readFilter(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	found, _ := s.box.Find(filter)
	view := pageView{To: filter.To, Repeats: found.Repeats}
	for i := len(found.Messages) - 1; i >= 0 && len(view.Messages) < 100; i-- {
		view.Messages = append(view.Messages, found.Messages[i])
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, view); err != nil {
		s.log.Debug("show outbox", "error", err)
	}
}

func showStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(styleCSS)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the other side may be gone
}

func refuse(w http.ResponseWriter, status int, why string) {
	writeJSON(w, status, map[string]string{"error": why})
}
