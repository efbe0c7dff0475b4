package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"surety/idp"
	rules "surety/idp/job"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// Config is what a worker works with. DB, Open, Clock and Log are needed.
type Config struct {
	DB        *db.DB
	Open      Open
	Senders   map[idp.Channel]rules.Sender
	Permanent func(error) bool // whether another try cannot help; nil means it always can
	Tasks     []rules.Task     // besides the sweeps
	Clock     func() time.Time
	Log       *slog.Logger
}

// Worker sends what is in the outbox and does what comes back by the clock.
// Any number may run, in any number of processes.
type Worker struct {
	client *river.Client[pgx.Tx]
	log    *slog.Logger
}

// perChannel is how many notices of one channel a worker sends at once. Each
// channel has its own queue, so that a slow gateway holds up only itself.
const perChannel = 8

// tasksQueue holds what comes back by the clock.
const tasksQueue = "tasks"

// NewWorker returns a worker; Run makes it work.
func NewWorker(cfg Config) (*Worker, error) {
	if cfg.Permanent == nil {
		cfg.Permanent = func(error) bool { return false }
	}
	workers := river.NewWorkers()
	queues := map[string]river.QueueConfig{tasksQueue: {MaxWorkers: 2}}
	river.AddWorker(workers, &sendWorker{cfg: cfg})
	for channel := range cfg.Senders {
		queues[string(channel)] = river.QueueConfig{MaxWorkers: perChannel}
	}
	tasks := append(sweeps(cfg.DB), cfg.Tasks...)
	river.AddWorker(workers, newTaskWorker(cfg, tasks))
	client, err := river.NewClient(riverpgxv5.New(cfg.DB.Pool), &river.Config{
		Queues:                      queues,
		Workers:                     workers,
		PeriodicJobs:                periodic(tasks),
		RetryPolicy:                 retryPolicy{},
		JobTimeout:                  rules.TaskTimeout,
		RescueStuckJobsAfter:        rules.Rescue,
		CompletedJobRetentionPeriod: time.Hour,
		Logger:                      cfg.Log,
		// Our role may not rebuild indexes; they belong to the owner.
		ReindexerIndexNames: []string{},
	})
	if err != nil {
		return nil, fmt.Errorf("open job worker: %w", err)
	}
	return &Worker{client: client, log: cfg.Log}, nil
}

// Run works until ctx ends, then lets the jobs at hand finish, for as long as
// one may take, and returns.
func (w *Worker) Run(ctx context.Context) error {
	// The end of ctx asks for an orderly stop; River would take it for a hard one.
	if err := w.client.Start(context.WithoutCancel(ctx)); err != nil {
		return db.Error("start job worker", err)
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), rules.Rescue)
	defer cancel()
	err := w.client.Stop(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), rules.NoteTimeout)
		defer cancel()
		err = w.client.StopAndCancel(hard)
	}
	if err != nil {
		return fmt.Errorf("stop job worker: %w", err)
	}
	return nil
}

// retryPolicy gives River our pauses.
type retryPolicy struct{}

// NextRetry says when a job that just failed is tried again. It is River's
// clock that will look at it, so it is the real time, never a shifted one.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(rules.Pause(len(job.Errors) + 1))
}

// sendWorker sends one notice.
type sendWorker struct {
	river.WorkerDefaults[send]
	cfg Config
}

// Timeout leaves time to note the outcome of a send that used all of its own.
func (*sendWorker) Timeout(*river.Job[send]) time.Duration {
	return rules.SendTimeout + rules.NoteTimeout
}

// Work makes one try.
func (w *sendWorker) Work(ctx context.Context, job *river.Job[send]) error {
	e, err := loadEntry(ctx, w.cfg.DB, job.Args.EventKey)
	if err != nil || !e.open {
		return err
	}
	if rules.TooOld(e.notice.Channel, e.created, w.cfg.Clock()) {
		return w.giveUp(ctx, job, e, errors.New("it is too old"))
	}
	if err := e.unseal(w.cfg.Open); err != nil {
		return err
	}
	if err := w.send(ctx, e); err != nil {
		if w.cfg.Permanent(err) {
			return w.giveUp(ctx, job, e, err)
		}
		return err
	}
	return w.finish(ctx, job, closeSent)
}

func (w *sendWorker) send(ctx context.Context, e entry) error {
	sender := w.cfg.Senders[e.notice.Channel]
	if sender == nil {
		return fmt.Errorf("no sender for channel %s", e.notice.Channel)
	}
	ctx, cancel := context.WithTimeout(ctx, rules.SendTimeout)
	defer cancel()
	return sender.Send(ctx, w.cfg.Clock(), e.notice)
}

func (w *sendWorker) giveUp(ctx context.Context, job *river.Job[send], e entry, why error) error {
	w.cfg.Log.WarnContext(ctx, "notice given up", "event_key", e.notice.EventKey, "channel", e.notice.Channel,
		"kind", e.notice.Kind, "tries", job.Attempt, "error", why)
	return w.finish(ctx, job, closeGivenUp)
}

// finish notes the outcome and completes the job in one transaction: either
// both stand, or the job is tried again.
func (w *sendWorker) finish(ctx context.Context, job *river.Job[send],
	outcome func(context.Context, pgx.Tx, string, time.Time) error) error {
	return w.cfg.DB.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		if err := outcome(ctx, db.From(tx), job.Args.EventKey, w.cfg.Clock()); err != nil {
			return err
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, db.From(tx), job)
		return db.Error("complete job", err)
	})
}
