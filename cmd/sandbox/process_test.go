package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// roleVariable makes the test binary play a child instead of running tests.
const roleVariable = "TEST_ROLE"

func TestMain(m *testing.M) {
	switch role, argument, _ := strings.Cut(os.Getenv(roleVariable), "="); role {
	case "":
		dir, err := os.MkdirTemp("", "surety-programs-")
		must(err)
		programsDir = dir
		code := m.Run()
		must(os.RemoveAll(dir))
		os.Exit(code)
	case "live": // until told to end
		awaitEnd()
	case "die":
		fmt.Println("I cannot go on")
		os.Exit(7)
	case "die-once":
		if _, err := os.Stat(argument); err != nil {
			must(os.WriteFile(argument, nil, 0o600))
			os.Exit(7)
		}
		awaitEnd()
	case "stubborn": // with a child of its own that holds descriptor 3
		signal.Ignore(syscall.SIGTERM)
		held := os.NewFile(3, "pipe")
		grandchild := exec.Command(os.Args[0])
		grandchild.Env = []string{roleVariable + "=deaf"}
		grandchild.ExtraFiles = []*os.File{held}
		must(grandchild.Start())
		_, err := held.WriteString("started")
		must(err)
		select {}
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		select {}
	case "parent": // starts a child as the sandbox does, and says so
		s := newSpawner()
		_, err := s.run(task{name: "child", path: os.Args[0], env: []string{roleVariable + "=deaf"}, log: argument, files: []*os.File{os.NewFile(3, "pipe")}})
		must(err)
		fmt.Println("started")
		select {}
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func awaitEnd() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
}

// pipe returns an end to hand to processes, a channel that is closed when one
// of them has written something, and one that is closed when the last is gone.
func pipe(t *testing.T) (*os.File, <-chan struct{}, <-chan struct{}) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	started, gone := make(chan struct{}), make(chan struct{})
	go func() {
		_, _ = r.Read(make([]byte, 1))
		close(started)
		_, _ = io.Copy(io.Discard, r)
		_ = r.Close()
		close(gone)
	}()
	return w, started, gone
}

func role(t *testing.T, name, value string) task {
	t.Helper()
	return task{name: name, path: os.Args[0], env: []string{roleVariable + "=" + value}, log: filepath.Join(t.TempDir(), name+".log")}
}

// watched is a supervisor whose words and changes a test can wait for.
type watched struct {
	*supervisor
	changes chan struct{}

	mu   sync.Mutex
	said strings.Builder
}

func newWatched() *watched {
	w := &watched{changes: make(chan struct{}, 100)}
	w.supervisor = newSupervisor(func(format string, args ...any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		fmt.Fprintf(&w.said, format+"\n", args...)
	}, func() { w.changes <- struct{}{} })
	w.firstPause = time.Millisecond
	return w
}

func (w *watched) words() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.String()
}

func TestADeadChildIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWatched()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := w.keep(ctx, role(t, "serve", "die-once="+filepath.Join(t.TempDir(), "died"))); err != nil {
		t.Fatal(err)
	}
	before := w.pids()["serve"]
	<-w.changes
	if after := w.pids()["serve"]; after == before || after == 0 {
		t.Errorf("process %d, then %d", before, after)
	}
	if !strings.Contains(w.words(), "serve has ended (exit status 7)") || !strings.Contains(w.words(), "started again") {
		t.Errorf("said %q", w.words())
	}
	cancel()
	w.wait("serve")
}

func TestAKilledChildIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWatched()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := w.keep(ctx, role(t, "serve", "live")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(w.pids()["serve"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-w.changes
	cancel()
	w.wait("serve")
}

func TestAChildThatKeepsDyingEndsIt(t *testing.T) {
	t.Parallel()
	w := newWatched()
	if err := w.keep(t.Context(), role(t, "work", "die")); err != nil {
		t.Fatal(err)
	}
	if err := <-w.failed; !strings.Contains(err.Error(), "work ended 5 times") {
		t.Errorf("failed with %v", err)
	}
	w.wait("work")
	if strings.Count(w.words(), "I cannot go on") < maxDeaths {
		t.Errorf("its last words are not told:\n%s", w.words())
	}
}

func TestAStubbornChildEndsWithAllItStarted(t *testing.T) {
	t.Parallel()
	w := newWatched()
	w.patience = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	held, started, gone := pipe(t)
	stubborn := role(t, "serve", "stubborn")
	stubborn.files = []*os.File{held}
	if err := w.keep(ctx, stubborn); err != nil {
		t.Fatal(err)
	}
	_ = held.Close()
	<-started
	cancel()
	w.wait("serve")
	<-gone
}

func TestNoChildOutlivesAKilledSandbox(t *testing.T) {
	t.Parallel()
	held, _, gone := pipe(t)
	parent := exec.Command(os.Args[0])
	parent.Env = []string{roleVariable + "=parent=" + filepath.Join(t.TempDir(), "log")}
	parent.ExtraFiles = []*os.File{held}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	_ = held.Close()
	if _, err := io.ReadFull(out, make([]byte, len("started\n"))); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	<-gone // the child held it too
}

func TestChildrenDoNotInheritSettings(t *testing.T) {
	t.Setenv("SURETY_ISSUER", "https://production.example")
	t.Setenv("AGENCY_URL", "https://production.example")
	for _, entry := range machineEnvironment() {
		if strings.Contains(entry, "production.example") {
			t.Errorf("inherits %s", entry)
		}
	}
}

func TestLogsAreBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	l, err := openLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := append(bytes.Repeat([]byte("x"), 64<<10), '\n')
	for range 3 * maxLog / len(line) {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Write([]byte("first\nlast\n")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 2 {
		t.Errorf("files %v, %v", files, err)
	}
	for _, file := range files {
		if stat, err := os.Stat(file); err != nil || stat.Size() > maxLog+2*int64(len(line)) {
			t.Errorf("%s: %v, %v", file, stat, err)
		}
	}
	if got := lastLines(path, 2); got != "first\nlast" {
		t.Errorf("last lines %.60q", got)
	}
}
