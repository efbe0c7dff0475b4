package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	patience = 60 * time.Second       // for a start, with recovery after a crash
	mercy    = 20 * time.Second       // from one signal to the next, harsher one
	glance   = 20 * time.Millisecond  // between two looks at a process
	logLimit = 16 << 20               // bytes of log kept from earlier starts
	tries    = 500 * time.Millisecond // for one connection while starting
)

// waitReady returns once the server takes connections, or says why it ended.
func (c *Cluster) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ping(ctx, c.URL())
		if err == nil {
			return nil
		}
		select {
		case <-c.exited:
			return fmt.Errorf("the database server ended at once; its log says: %s", tail(filepath.Join(c.dir, "server.log")))
		case <-ctx.Done():
			return fmt.Errorf("wait for the database server: %w", errors.Join(ctx.Err(), err))
		case <-time.After(glance):
		}
	}
}

func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, tries)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// end asks the process to stop, ever less politely: SIGINT is PostgreSQL's
// fast shutdown, SIGQUIT its immediate one.
func end(process *os.Process, exited <-chan struct{}) error {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop database server: %w", err)
		}
		select {
		case <-exited:
			return nil
		case <-time.After(mercy):
		}
	}
	return fmt.Errorf("stop database server: process %d does not end", process.Pid)
}

// evict stops a server that outlived the process that started it, and removes
// its pid file if that names a process that is something else by now (after a
// restart of the machine): PostgreSQL would take it for itself and refuse.
// The caller holds the lock on the directory, so nobody else uses the server.
func evict(ctx context.Context, dir string) error {
	deadline := time.After(2 * mercy)
	for round := 0; ; round++ {
		left := inhabitants(dir)
		if len(left) == 0 {
			break
		}
		if pid := readPID(dir); round == 0 && pid != 0 {
			// An error means that it just ended, which is what we want.
			_ = syscall.Kill(pid, syscall.SIGINT)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stop a database server left over: %w", ctx.Err())
		case <-deadline:
			return fmt.Errorf("a database server left over in %s does not end (processes %v)", dir, left)
		case <-time.After(glance):
		}
	}
	// With nobody living in the directory the pid file is stale for certain.
	if err := os.Remove(filepath.Join(dir, "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove stale pid file: %w", err)
	}
	return nil
}

// inhabitants lists the processes that work in the directory: PostgreSQL's
// server and all its backends do, and nothing else has reason to.
func inhabitants(dir string) []int {
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil
	}
	var pids []int
	for _, link := range links {
		if cwd, err := os.Readlink(link); err != nil || cwd != dir {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil && isServer(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func isServer(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.HasPrefix(string(name), "postgres")
}

// readPID returns the server's process id if it lives in the directory, else 0.
func readPID(dir string) int {
	content, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return 0
	}
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || cwd != dir {
		return 0
	}
	return pid
}

// guard is a shell that stops the server when its standard input ends, that
// is when the process holding the other end of the pipe is gone.
type guard struct {
	cmd  *exec.Cmd
	pipe *os.File // closed on exec, so that no child of ours keeps it open
}

func startGuard(pid int, who owner) (*guard, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start database guard: %w", err)
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", "-c", `cat >/dev/null; kill -INT "$1"`, "surety-guard", strconv.Itoa(pid))
	cmd.Dir = "/"
	cmd.Stdin = read
	cmd.SysProcAttr = who.attributes()
	if err := cmd.Start(); err != nil {
		write.Close()
		return nil, fmt.Errorf("start database guard: %w", err)
	}
	return &guard{cmd: cmd, pipe: write}, nil
}

// dismiss ends the guard before it can act: by the time the pipe closes, the
// server's process id may be somebody else's. Its whole session goes, as cat
// is a child of the shell.
func (g *guard) dismiss() {
	_ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
	_ = g.cmd.Wait()
	g.pipe.Close()
}

// openLog opens the server's log for appending, and starts it anew once large.
func openLog(path string) (*os.File, error) {
	mode := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if stat, err := os.Stat(path); err == nil && stat.Size() > logLimit {
		mode |= os.O_TRUNC
	}
	file, err := os.OpenFile(path, mode, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database's log: %w", err)
	}
	return file, nil
}

// tail returns the end of the log for an error message.
func tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if stat, err := file.Stat(); err == nil && stat.Size() > 2000 {
		if _, err := file.Seek(-2000, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	content, err := io.ReadAll(io.LimitReader(file, 2000))
	if err != nil {
		return err.Error()
	}
	return lastLines(string(content), 4)
}
