package gate

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"surety/assurance/guard/proxy"
)

// Deadlines and bounds of the listeners.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 10 * time.Second
	grace         = 5 * time.Second // for our own answer when the API takes all the time there is
	maxHeader     = 64 << 10
)

// Serve answers until the context ends, then finishes what is under way.
func (c *Command) Serve(ctx context.Context, logs io.Writer) error {
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: level}))
	g, err := c.build(log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if g.revocations != nil {
		go func() { _ = g.revocations.Poll(ctx) }() // ends with the context, and logs its faults itself
	}
	if err := g.guard.Ready(ctx); err != nil {
		log.WarnContext(ctx, "not ready yet", "error", err)
	}
	ended := make(chan error, 2)
	servers := []*http.Server{c.server(c.Listen, g.handler, log)}
	if c.ReadyListen != "" {
		mux := http.NewServeMux()
		mux.Handle("GET /ready", proxy.Ready(g.guard))
		servers = append(servers, c.server(c.ReadyListen, mux, log))
	}
	for i, s := range servers {
		listener, err := net.Listen("tcp", s.Addr)
		if err != nil {
			return err
		}
		defer listener.Close()
		secure := i == 0 && c.TLSCert != ""
		log.InfoContext(ctx, "listening", "address", listener.Addr().String(), "tls", secure)
		go func() {
			if secure {
				ended <- s.ServeTLS(listener, c.TLSCert, c.TLSKey)
			} else {
				ended <- s.Serve(listener)
			}
		}()
	}
	return wait(ctx, servers, ended)
}

// wait stops all servers when the context ends or one of them does.
func wait(ctx context.Context, servers []*http.Server, ended <-chan error) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(last))
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (c *Command) server(addr string, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Addr: addr, Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: c.Timeout, WriteTimeout: c.Timeout + grace,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
