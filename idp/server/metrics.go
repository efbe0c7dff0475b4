package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveMetrics answers /metrics and /debug/pprof on a listener of its own,
// which must not be reachable from outside: profiles show what is in memory.
func (h *house) serveMetrics(ctx context.Context, background *sync.WaitGroup) error {
	if h.cfg.MetricsListen == "" {
		return nil
	}
	l, err := net.Listen("tcp", h.cfg.MetricsListen)
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(h.metrics(), promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}
	background.Go(func() {
		<-ctx.Done()
		_ = s.Close()
	})
	background.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			h.log.Error("metrics listener ended", "error", err)
		}
	})
	return nil
}

func (h *house) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "surety_db_round_trips_total", Help: "Statements, BEGIN and COMMIT sent to PostgreSQL.",
		}, func() float64 { return float64(h.db.Trips()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "surety_db_connections", Help: "Connections to PostgreSQL that are open.",
		}, func() float64 { return float64(h.db.Stat().TotalConns()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "surety_policy_version", Help: "Version of the policy in force as far as this process knows.",
		}, func() float64 { return float64(h.shown().Version) }),
	)
	return r
}
