package browser_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Bounds of waiting.
const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
)

// accounts is how many accounts the stories use; see support/sandbox.mjs.
const accounts = 18

// build makes the programs that a sandbox consists of.
func build(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	out, err := exec.Command("go", "build", "-o", dir+"/", "surety/cmd/idp", "surety/cmd/agency", "surety/cmd/sandbox").CombinedOutput()
	if err != nil {
		t.Fatalf("build the programs: %v\n%s", err, out)
	}
	return dir
}

// folder is a temporary folder that PostgreSQL's own user may pass through,
// with a name that is short enough for the path of a socket.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "surety-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// sandbox is one that runs.
type sandbox struct {
	data  string
	cmd   *exec.Cmd
	said  *words
	ended chan struct{} // closed when it has
}

// start runs a sandbox on free ports until the test ends, and waits until it
// is described. Somebody may take a port between our look and its own: then it
// says so at once, and other ports are tried.
func start(t *testing.T, bin string, more ...string) (*sandbox, error) {
	var s *sandbox
	for range 5 {
		s = &sandbox{data: folder(t), said: &words{}, ended: make(chan struct{})}
		args := append([]string{"--data", s.data, "--port", strconv.Itoa(freePort(t)), "--load-accounts", strconv.Itoa(accounts)}, more...)
		s.cmd = exec.Command(filepath.Join(bin, "sandbox"), args...)
		s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
		s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // it ends with us, and all its own with it
		if err := s.launch(); err != nil {
			return nil, err
		}
		t.Cleanup(func() { s.stop(t) })
		err := s.await()
		if err == nil || !strings.Contains(s.said.String(), "in use") {
			return s, err
		}
	}
	return nil, fmt.Errorf("no free ports:\n%s", s.said)
}

// launch starts the process on a thread that lives as long: the kernel takes
// the end of the thread for the end of the parent.
func (s *sandbox) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
		}
		close(s.ended)
	}()
	return <-started
}

// described is where the sandbox says what there is. It appears when all of
// it answers.
func (s *sandbox) described() string { return filepath.Join(s.data, "sandbox.json") }

func (s *sandbox) await() error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(startTimeout)
	for {
		if _, err := os.Stat(s.described()); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return fmt.Errorf("the sandbox ended:\n%s", s.said)
		case <-limit:
			return fmt.Errorf("the sandbox is not ready:\n%s", s.said)
		}
	}
}

func (s *sandbox) stop(t *testing.T) {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		_ = s.cmd.Process.Kill()
		t.Errorf("the sandbox did not stop:\n%s", s.said)
		<-s.ended
	}
}

// log is what a part of the sandbox logged.
func (s *sandbox) log(t *testing.T, part string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "log", part+".log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// freePort finds a port that is free together with those that go with it:
// agency and outbox. They lie below those that the kernel gives to whoever
// asks for any.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20_000 + 50*rand.IntN(240)
		if free(port) && free(port+10) && free(port+20) {
			return port
		}
	}
	t.Fatal("no free ports")
	return 0
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// words keeps what a process says, for whoever asks meanwhile.
type words struct {
	mu   sync.Mutex
	text bytes.Buffer
}

var _ io.Writer = (*words)(nil)

// Write keeps it.
func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// String is all of it so far.
func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
