package world

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/account"
	"surety/idp/flow/operator"
	"surety/idp/flow/policy"
	"surety/idp/procedure"
	"surety/idp/profile"
	"surety/idp/server"
)

// Behind starts the world that long before the real time: programs of others
// know no time but that one, and what has happened by then is in their past.
func Behind(d time.Duration) Option { return func(w *World) { w.Advance(-d) } }

// SeedAll makes accounts as they are described. What is left out of a name, a
// password and a language is as in Seed.
func (w *World) SeedAll(people ...account.Seed) []account.Seeded {
	w.Helper()
	for i := range people {
		p := &people[i]
		if p.FamilyName+p.GivenName+p.Patronymic == "" {
			p.FamilyName, p.GivenName, p.Patronymic = "Kavalenka", "Hanna", "Piatrouna"
		}
		p.Password, p.Language = Password, "en"
	}
	made, err := server.Seed(w.Context(), w.Config, people)
	if err != nil {
		w.Fatal(err)
	}
	return made
}

// Offer publishes the sample procedures of the world's profile for an agency at
// the address, and returns them.
func (w *World) Offer(address string) []procedure.Procedure {
	w.Helper()
	p, err := profile.Load(w.Config.Profile)
	if err != nil {
		w.Fatal(err)
	}
	return w.Publish(strings.ReplaceAll(string(p.Procedures), "{agency}", address))
}

// Publish publishes the procedures of a file, all or none, and returns them.
func (w *World) Publish(file string) []procedure.Procedure {
	w.Helper()
	if _, err := w.Operator.ImportProcedures(w.Context(), operator.ActorCommand, "procedures.yaml", []byte(file), false); err != nil {
		w.Fatal(err)
	}
	all, err := procedure.Parse("procedures.yaml", []byte(file))
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// RegisterFor is Register for a client that belongs to the agency and so may
// ask for its procedures. Without an id one is made.
func (w *World) RegisterFor(agency string, id idp.ClientID, metadata string) operator.Registered {
	w.Helper()
	docs, err := client.ParseImport(strings.NewReader(metadata))
	if err != nil {
		w.Fatal(err)
	}
	docs[0].Metadata.Development, docs[0].Metadata.Agency = true, agency
	made, err := w.Operator.AddClients(w.Context(), "test", []operator.Registration{{ID: id, Metadata: docs[0].Metadata, Agency: agency}}, false)
	if err != nil {
		w.Fatal(err)
	}
	return made[0]
}

// Activate brings a policy into force while the house runs, as the operator's
// command does, and moves the time on to where it is.
func (w *World) Activate(source []byte) {
	w.Helper()
	if err := w.TryPolicy(source); err != nil {
		w.Fatal(err)
	}
	w.Advance(policy.Lead)
}

// TryPolicy is Activate for a policy that may be refused; the time stays.
func (w *World) TryPolicy(source []byte) error {
	w.Helper()
	s, closing, err := server.OpenPolicies(w.Context(), w.Config)
	if err != nil {
		w.Fatal(err)
	}
	defer closing()
	_, err = s.Activate(w.Context(), "test", "policy.yaml", source, false)
	return err
}

// Second starts one more process that serves the same issuer, and returns the
// world as those see it whose requests a balancer sends there.
func (w *World) Second() *World {
	w.Helper()
	l := w.must(net.Listen("tcp", "127.0.0.1:0"))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	w.Cleanup(func() { stop(); running.Wait() })
	running.Go(func() {
		w.run(ctx, "second serve", func() error { return server.ServeOn(ctx, w.Config, []net.Listener{l}) })
	})
	second := w.For(w.TB)
	second.Transport = To(w.TB, l.Addr().String())
	second.WaitReady()
	return second
}

// To returns a transport that sends every request to the address, whatever
// host it names.
func To(t testing.TB, address string) http.RoundTripper {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// Until asks again and again until the answer is yes: for what other processes
// do in their own time.
func (w *World) Until(what string, yes func() bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.Fatal(errors.New("waited in vain for " + what))
		}
	}
}
