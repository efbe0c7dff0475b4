package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"surety/idp/postgres/cluster"
)

// world is a sandbox that runs.
type world struct {
	plan       plan
	out        io.Writer
	supervisor *supervisor
	prober     prober

	caFile, certFile, keyFile string // empty without TLS
	smsKeyFile                string
	metrics                   string         // address of Surety's metrics
	mail                      net.Listener   // handed to the outbox, kept open here
	web                       []net.Listener // likewise
	clients                   []metadata

	mu       sync.Mutex
	database *cluster.Cluster
	ready    bool // described already, so that changes are described too
}

// run starts everything, says so, and stops everything when ctx ends or when
// something cannot be kept running.
func run(ctx context.Context, o options, out io.Writer) error {
	p, err := newPlan(o)
	if err != nil {
		return err
	}
	if err := p.prepare(); err != nil {
		return err
	}
	lock, err := lockData(p)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := p.settle(); err != nil {
		return err
	}
	forget(p.describedIn())
	w := &world{plan: p, out: out}
	w.supervisor = newSupervisor(w.say, w.describeAgain)
	defer w.close()
	return w.live(ctx)
}

// live is the life of the sandbox. Children are stopped before what they need:
// first those that serve people, then the outbox, then the database.
func (w *world) live(ctx context.Context) error {
	if err := w.prepare(); err != nil {
		return err
	}
	w.say("starting the database in %s", w.plan.file("postgres"))
	if err := w.startDatabase(ctx); err != nil {
		return err
	}
	defer w.stopDatabase()
	w.say("making keys, clients, procedures and sample accounts, or finding them made")
	if err := w.furnish(ctx); err != nil {
		return err
	}
	outboxes, stopOutbox := context.WithCancel(context.WithoutCancel(ctx))
	servants, stopServants := context.WithCancel(ctx)
	defer func() {
		w.describeNoMore()
		stopServants()
		w.supervisor.wait("serve", "work", "agency")
		stopOutbox()
		w.supervisor.wait("outbox")
	}()
	err := w.supervisor.keep(outboxes, w.outboxTask())
	for _, t := range []task{w.serveTask(), w.workTask(), w.agencyTask()} {
		if err == nil {
			err = w.supervisor.keep(servants, t)
		}
	}
	if err == nil {
		err = w.awaitReady(ctx)
	}
	if err != nil {
		return err
	}
	w.describeFirst()
	return w.watch(ctx)
}

// watch waits for the end, and starts the database again if it dies.
func (w *world) watch(ctx context.Context) error {
	var deaths []time.Time
	for {
		select {
		case <-ctx.Done():
			w.say("stopping")
			return nil
		case err := <-w.supervisor.failed:
			return err
		case <-w.database.Exited():
		}
		if ctx.Err() != nil {
			continue
		}
		deaths = recent(append(deaths, time.Now()))
		if len(deaths) >= maxDeaths {
			return errors.New("the database keeps ending; see " + w.plan.file("postgres", "server.log"))
		}
		w.say("the database has ended; starting it again")
		if err := errors.Join(w.database.Stop(), w.startDatabase(ctx)); err != nil {
			return err
		}
		w.describeAgain()
		w.say("the database runs again")
	}
}

// prepare makes what the children need before any of them runs.
func (w *world) prepare() error {
	if err := w.plan.checkPorts(); err != nil {
		return err
	}
	if err := w.listen(); err != nil {
		return err
	}
	now := time.Now()
	if w.plan.TLS {
		a, err := openAuthority(w.plan, now)
		if err != nil {
			return err
		}
		w.caFile, w.certFile, w.keyFile = a.certFile, w.plan.file("server.pem"), w.plan.file("server.key")
		if err := a.serverPair(w.certFile, w.keyFile, now); err != nil {
			return err
		}
	}
	w.smsKeyFile = w.plan.file("sms.key")
	if _, err := os.Stat(w.smsKeyFile); errors.Is(err, os.ErrNotExist) {
		if err := writeFile(w.smsKeyFile, []byte(rand.Text()+"\n"), 0o600); err != nil {
			return err
		}
	}
	var err error
	w.prober, err = newProber(w.caFile)
	return err
}

// listen opens the outbox's ports here and for good: when the outbox is started
// again, nothing that was sent meanwhile is refused.
func (w *world) listen() error {
	for _, address := range w.plan.addresses(outboxOffset) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return inUse(address)
		}
		w.web = append(w.web, l)
	}
	var err error
	if w.mail, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("listen for e-mail: %w", err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a port for metrics: %w", err)
	}
	w.metrics = free.Addr().String()
	return free.Close()
}

func (w *world) close() {
	for _, l := range append(w.web, w.mail) {
		if l != nil {
			_ = l.Close()
		}
	}
}

func (w *world) startDatabase(ctx context.Context) error {
	c, err := cluster.Start(ctx, cluster.Config{DataDir: w.plan.file("postgres"), Fsync: true})
	if err != nil {
		return fmt.Errorf("start the database: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.database = c
	return nil
}

func (w *world) stopDatabase() {
	if err := w.database.Stop(); err != nil {
		w.say("stop the database: %v", err)
	}
}

// furnish makes keys, schema, clients and people, each unless it is there.
func (w *world) furnish(ctx context.Context) error {
	o := &operator{plan: w.plan, env: w.environment(), spawner: w.supervisor.spawner}
	keys := w.plan.file("keys.json")
	if _, err := os.Stat(keys); errors.Is(err, os.ErrNotExist) {
		if err := o.idp(ctx, nil, "keys-file", keys); err != nil {
			return err
		}
	}
	if err := o.idp(ctx, nil, "migrate"); err != nil {
		return err
	}
	var err error
	if w.clients, err = o.clients(ctx); err != nil {
		return err
	}
	for _, c := range w.clients {
		if c["client_id"] == "agency" {
			if err := writeFile(w.plan.file("agency.secret"), []byte(c["client_secret"].(string)+"\n"), 0o600); err != nil {
				return err
			}
		}
	}
	if err := o.procedures(ctx); err != nil {
		return err
	}
	return o.accounts(ctx)
}

func (w *world) awaitReady(ctx context.Context) error {
	failed := w.supervisor.failed
	return firstError(
		func() error {
			return w.prober.wait(ctx, "the outbox", failed, w.prober.answers(w.plan.origin(outboxOffset)+"/ready"))
		},
		func() error { return w.prober.wait(ctx, "Surety", failed, w.prober.discovers(w.plan.origin(0))) },
		func() error {
			return w.prober.wait(ctx, "the agency", failed, w.prober.answers(w.plan.origin(agencyOffset)+"/ready"))
		},
	)
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) describe() description {
	pids := w.supervisor.pids()
	pids["sandbox"], pids["postgres"] = os.Getpid(), w.database.PID()
	return description{
		Issuer: w.plan.origin(0), Agency: w.plan.origin(agencyOffset), Outbox: w.plan.origin(outboxOffset), CAFile: w.caFile,
		Profile: w.plan.Profile.Name, Data: w.plan.Data, DatabaseURL: w.database.URL(), Metrics: "http://" + w.metrics, SMTP: w.mail.Addr().String(),
		PIDs: pids, Accounts: describedLogins(w.plan, time.Now()), Clients: w.clients,
	}
}

func (w *world) describeFirst() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready = true
	d := w.describe()
	if err := d.write(w.plan.describedIn()); err != nil {
		w.say("%v", err)
	}
	d.print(w.out, w.plan.describedIn())
}

// describeAgain writes new process ids down.
func (w *world) describeAgain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ready {
		return
	}
	if err := w.describe().write(w.plan.describedIn()); err != nil {
		w.say("%v", err)
	}
}

// describeNoMore takes the description away: nothing may bring it back.
func (w *world) describeNoMore() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready = false
	forget(w.plan.describedIn())
}

func (w *world) say(format string, args ...any) {
	_, _ = fmt.Fprintf(w.out, "sandbox: "+strings.TrimRight(format, "\n")+"\n", args...)
}

// lockData keeps a second sandbox off the same data.
func lockData(p plan) (*os.File, error) {
	file, err := os.OpenFile(p.file("sandbox.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("a sandbox is running on %s already: stop it, or choose another folder with DATA=", p.Data)
	}
	return file, nil
}
