package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"surety/idp/postgres/audit"
	eventstore "surety/idp/postgres/event"
)

// Bounds of a connection. Pages and tokens are small; whoever is slower than
// this is not waiting for us.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	readyTimeout      = 2 * time.Second
)

// Serve answers people and agencies until ctx ends, then lets the requests at
// hand finish.
func Serve(ctx context.Context, cfg Config) error {
	if err := cfg.CheckServe(); err != nil {
		return err
	}
	listeners, err := listen(cfg)
	if err != nil {
		return err
	}
	go tune(ctx)
	return ServeOn(ctx, cfg, listeners)
}

// ServeOn is Serve on listeners that are already open. It closes them.
func ServeOn(ctx context.Context, cfg Config, listeners []net.Listener) error {
	defer func() {
		for _, l := range listeners {
			_ = l.Close() // closed already when serving ended in order
		}
	}()
	h, err := open(ctx, cfg, "idp serve")
	if err != nil {
		return err
	}
	defer h.close()
	return h.serve(ctx, listeners)
}

// serve runs everything that a serving process has, on listeners that are
// already open.
func (h *house) serve(ctx context.Context, listeners []net.Listener) error {
	if err := h.openPolicy(ctx); err != nil {
		return err
	}
	if err := h.openKeys(ctx); err != nil {
		return err
	}
	trail := audit.NewBatch(h.audit, h.db, h.now, h.log)
	site, err := h.handler(trail)
	if err != nil {
		return err
	}
	var background sync.WaitGroup
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { stop(); background.Wait() }()
	background.Go(func() { h.keySet.Run(running, h.db) })
	background.Go(func() { h.policies.Run(running, h.db) })
	background.Go(func() { h.clients.Listen(running, h.db) })
	background.Go(func() { h.procedures.Listen(running, h.db) })
	background.Go(func() { h.polls.Listen(running, h.db, eventstore.Channel) })
	background.Go(func() { trail.Run(running) })
	if err := h.serveMetrics(running, &background); err != nil {
		return err
	}
	probes := &probes{next: site, ready: h.ready}
	s := &http.Server{
		Handler: probes, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelWarn),
	}
	s.RegisterOnShutdown(h.polls.End) // what waits for news must not keep the process
	h.log.Info("serving", "issuer", h.cfg.Issuer, "listen", h.cfg.Listen, "profile", h.profile.Name, "policy", h.shown().Version)
	return h.until(ctx, s, probes, listeners)
}

// until serves until ctx ends or a listener fails. The order of stopping:
// first the probe says no, so that a balancer sends nobody new, then requests
// finish, then (in serve) what they wrote to the audit is flushed.
func (h *house) until(ctx context.Context, s *http.Server, p *probes, listeners []net.Listener) error {
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- s.Serve(l) }()
	}
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), s.Close())
	case <-ctx.Done():
	}
	p.stopping.Store(true)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.StopTimeout)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("stop: %w", err), s.Close())
	}
	h.log.Info("stopped")
	return nil
}

// listen opens every address before anything else is promised.
func listen(cfg Config) ([]net.Listener, error) {
	var config *tls.Config
	if cfg.TLSCertFile != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCertFile, cfg.TLSKeyFile)
		if err != nil {
			return nil, fmt.Errorf("load certificate: %w", err)
		}
		// TLS 1.2 only with the ciphers that Go ranks as secure: all of them
		// have forward secrecy and authenticate what they encrypt.
		config = &tls.Config{
			Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
			CipherSuites: []uint16{
				tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
				tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
				tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
			},
		}
	}
	var all []net.Listener
	for _, address := range cfg.Listen {
		l, err := net.Listen("tcp", address)
		if err != nil {
			for _, open := range all {
				_ = open.Close()
			}
			return nil, fmt.Errorf("listen: %w", err)
		}
		if config != nil {
			l = tls.NewListener(l, config)
		}
		all = append(all, l)
	}
	return all, nil
}

// probes answers whether this process lives and whether it can work, before
// anything else looks at the request.
type probes struct {
	next     http.Handler
	ready    func(ctx context.Context) error
	stopping atomic.Bool
}

// ServeHTTP answers /live and /ready itself.
func (p *probes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/live":
		_, _ = w.Write([]byte("ok\n"))
	case "/ready":
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if p.stopping.Load() || p.ready(ctx) != nil {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	default:
		p.next.ServeHTTP(w, r)
	}
}
