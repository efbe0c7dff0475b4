package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// spawner starts children that die with us. The kernel sends their death
// signal when the *thread* that started them ends, so one goroutine keeps one
// thread for all of them and never gives it back.
type spawner struct {
	requests chan spawnRequest
}

type spawnRequest struct {
	cmd  *exec.Cmd
	done chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest)}
	go func() {
		runtime.LockOSThread()
		for r := range s.requests {
			r.done <- r.cmd.Start()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	s.requests <- spawnRequest{cmd, done}
	return <-done
}

// task is a child as it is to be run.
type task struct {
	name  string
	path  string
	args  []string
	env   []string   // besides the machine's own
	files []*os.File // handed over as descriptors 3 and up
	log   string     // file for what it says
}

// child is one run of a task.
type child struct {
	cmd  *exec.Cmd
	log  *logFile
	done chan struct{} // closed when it has ended
	err  error         // how; read after done
}

// run starts the task in a process group of its own: Ctrl-C in the terminal
// reaches the sandbox alone, which then stops the others in order.
func (s *spawner) run(t task) (*child, error) {
	log, err := openLogFile(t.log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(t.path, t.args...)
	cmd.Env = append(machineEnvironment(), t.env...)
	cmd.ExtraFiles = t.files
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if err := s.start(cmd); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", t.name, err)
	}
	c := &child{cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		c.err = cmd.Wait()
		_ = log.Close()
		close(c.done)
	}()
	return c, nil
}

// stop asks the child to end, then makes it, with all that it started.
func (c *child) stop(patience time.Duration) {
	group := -c.cmd.Process.Pid
	_ = syscall.Kill(c.cmd.Process.Pid, syscall.SIGTERM) // it may have ended already
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
	}
	select {
	case <-c.done:
		// The leader is reaped: its group may hold others that it left behind.
		// As long as any lives, the kernel gives its number to nobody else.
		_ = syscall.Kill(group, syscall.SIGKILL)
	default:
		_ = syscall.Kill(group, syscall.SIGKILL)
		<-c.done
	}
}

// machineEnvironment is our environment without settings of Surety and the
// agency: a sandbox is the same whatever the caller's shell was used for.
func machineEnvironment() []string {
	var out []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "SURETY_") && !strings.HasPrefix(entry, "AGENCY_") {
			out = append(out, entry)
		}
	}
	return out
}

// maxLog bounds a log file; there is one older beside it.
const maxLog = 5 << 20

// logFile keeps what a child says. One goroutine of exec writes to it.
type logFile struct {
	path    string
	file    *os.File
	written int64
}

func openLogFile(path string) (*logFile, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	stat, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &logFile{path: path, file: file, written: stat.Size()}, nil
}

// Write appends, after setting a full file aside.
func (l *logFile) Write(b []byte) (int, error) {
	if l.written > maxLog {
		next, err := os.OpenFile(l.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err == nil {
			_ = os.Rename(l.path, l.path+".old")
			_ = os.Rename(l.path+".new", l.path)
			_ = l.file.Close()
			l.file, l.written = next, 0
		}
	}
	n, err := l.file.Write(b)
	l.written += int64(n)
	return n, err
}

// Close closes the file.
func (l *logFile) Close() error { return l.file.Close() }

// lastLines is the end of a log file, for people.
func lastLines(path string, lines int) string {
	const enough = 16 << 10
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if stat, err := file.Stat(); err == nil && stat.Size() > enough {
		_, _ = file.Seek(-enough, io.SeekEnd)
	}
	text, err := io.ReadAll(io.LimitReader(file, enough))
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
