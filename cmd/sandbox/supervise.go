package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// When a child keeps dying something is wrong that starting again does not
// mend: so many deaths within the window stop the sandbox.
const (
	maxDeaths   = 5
	deathWindow = time.Minute
	firstPause  = 250 * time.Millisecond
	patience    = 8 * time.Second
)

// supervisor keeps tasks running.
type supervisor struct {
	spawner *spawner
	say     func(format string, args ...any)
	changed func() // called after a child was started again, without mu

	firstPause time.Duration // before a child is started again; doubles with each death
	patience   time.Duration // with a child that was asked to end

	mu      sync.Mutex
	running map[string]*child // by task name

	failed chan error                 // the first task that keeps dying
	tasks  map[string]*sync.WaitGroup // by name; filled before anybody waits
}

func newSupervisor(say func(string, ...any), changed func()) *supervisor {
	return &supervisor{
		spawner: newSpawner(), say: say, changed: changed, firstPause: firstPause, patience: patience,
		running: map[string]*child{}, failed: make(chan error, 1), tasks: map[string]*sync.WaitGroup{},
	}
}

// keep starts the task now and starts it again whenever it dies, until ctx
// ends; then it stops it.
func (s *supervisor) keep(ctx context.Context, t task) error {
	c, err := s.spawner.run(t)
	if err != nil {
		return err
	}
	s.set(t.name, c)
	s.tasks[t.name] = &sync.WaitGroup{}
	s.tasks[t.name].Go(func() { s.watch(ctx, t, c) })
	return nil
}

func (s *supervisor) watch(ctx context.Context, t task, c *child) {
	var deaths []time.Time
	for {
		select {
		case <-ctx.Done():
			c.stop(s.patience)
			return
		case <-c.done:
		}
		c.stop(0) // whoever it left behind
		deaths = recent(append(deaths, time.Now()))
		s.say("%s has ended (%v). Its last words, from %s:\n%s", t.name, c.err, t.log, lastLines(t.log, 8))
		if len(deaths) >= maxDeaths {
			s.fail(fmt.Errorf("%s ended %d times within %s", t.name, len(deaths), deathWindow))
			return
		}
		if !pause(ctx, s.firstPause<<(len(deaths)-1)) {
			return
		}
		again, err := s.spawner.run(t)
		if err != nil {
			s.fail(err)
			return
		}
		c = again
		s.set(t.name, c)
		s.say("%s was started again", t.name)
		s.changed()
	}
}

func (s *supervisor) set(name string, c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[name] = c
}

// pids are the processes of the moment.
func (s *supervisor) pids() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for name, c := range s.running {
		out[name] = c.cmd.Process.Pid
	}
	return out
}

// fail reports the first failure; the sandbox then stops everything.
func (s *supervisor) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// wait returns when the tasks have been stopped; those never begun are.
func (s *supervisor) wait(names ...string) {
	for _, name := range names {
		if tasks, begun := s.tasks[name]; begun {
			tasks.Wait()
		}
	}
}

func recent(deaths []time.Time) []time.Time {
	for len(deaths) > 0 && time.Since(deaths[0]) > deathWindow {
		deaths = deaths[1:]
	}
	return deaths
}

// pause waits; false means that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
