package job

import (
	"context"
	"fmt"

	rules "surety/idp/job"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// task is the job of one run of a task.
type task struct {
	Name string `json:"name"`
}

// Kind names the job to River.
func (task) Kind() string { return "task" }

// periodic has River's leader enqueue each task when it is due. A run that is
// still waiting or at work keeps the next one out.
func periodic(tasks []rules.Task) []*river.PeriodicJob {
	jobs := make([]*river.PeriodicJob, 0, len(tasks))
	for _, t := range tasks {
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(t.Every),
			func() (river.JobArgs, *river.InsertOpts) {
				return task{Name: t.Name}, &river.InsertOpts{
					Queue:       tasksQueue,
					MaxAttempts: 1, // the next run is the retry
					UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
						rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
						rivertype.JobStateRetryable, rivertype.JobStateScheduled,
					}},
				}
			},
			&river.PeriodicJobOpts{RunOnStart: true, ID: t.Name}))
	}
	return jobs
}

type taskWorker struct {
	river.WorkerDefaults[task]
	cfg   Config
	tasks map[string]rules.Task
}

func newTaskWorker(cfg Config, tasks []rules.Task) *taskWorker {
	w := &taskWorker{cfg: cfg, tasks: make(map[string]rules.Task, len(tasks))}
	for _, t := range tasks {
		w.tasks[t.Name] = t
	}
	return w
}

// Work does the task. One that this version does not know, left by another, is
// dropped.
func (w *taskWorker) Work(ctx context.Context, job *river.Job[task]) error {
	t, known := w.tasks[job.Args.Name]
	if !known {
		return nil
	}
	if err := t.Do(ctx, w.cfg.Clock()); err != nil {
		w.cfg.Log.ErrorContext(ctx, "task did not finish; it will run again", "task", t.Name, "error", err)
		return fmt.Errorf("%s: %w", t.Name, err)
	}
	return nil
}
