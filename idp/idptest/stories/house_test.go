package stories_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"surety/idp/audit"
	"surety/idp/idptest/world"
	"surety/idp/server"
)

// TestMain ends the shared house when all tests are over, and looks at what
// they left in it.
func TestMain(m *testing.M) {
	code := m.Run()
	if w := shared.world; w != nil {
		if code == 0 {
			inspect(w)
		}
		shared.keeper.end()
	}
	if shared.keeper.failed {
		code = 1
	}
	os.Exit(code)
}

// inspect shows DESIGN §8 after everything that the tests have done: nobody
// can be found in the database, every text was there in every language, and the
// audit is whole.
func inspect(w *world.World) {
	said.mu.Lock()
	secrets := append(said.secrets, everybodys...)
	said.mu.Unlock()
	search(w, dump(w), secrets)
	for _, s := range secrets {
		if strings.Contains(w.Logged(), s) {
			w.Errorf("the log holds %q", s)
		}
	}
	checkLog(w)
	report, err := server.VerifyAudit(w.Context(), w.Config, audit.Head{})
	if err != nil || !report.OK() || report.Events+report.Pending == 0 {
		w.Errorf("audit: %+v, %v", report, err)
	}
}

// shared is the house that tests have in common.
var shared struct {
	once   sync.Once
	keeper keeper
	world  *world.World
}

// house returns the shared house for a test.
func house(t *testing.T) *world.World {
	t.Helper()
	shared.once.Do(func() {
		shared.keeper.ctx, shared.keeper.cancel = context.WithCancel(context.Background())
		shared.world = world.New(&shared.keeper)
	})
	if shared.world == nil {
		t.Fatal("the shared house did not start")
	}
	return shared.world.For(t)
}

// keeper stands for a test that begins with the first of the package and ends
// after the last. What it lacks of testing.TB no world asks for.
type keeper struct {
	testing.TB
	ctx    context.Context // as a test has one
	cancel context.CancelFunc

	mu       sync.Mutex
	cleanups []func()
	failed   bool
}

func (k *keeper) Helper()                  {}
func (k *keeper) Context() context.Context { return k.ctx }

func (k *keeper) Cleanup(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cleanups = append(k.cleanups, f)
}

func (k *keeper) TempDir() string {
	dir, err := os.MkdirTemp("", "surety-stories-")
	if err != nil {
		k.Fatal(err)
	}
	k.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (k *keeper) Failed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failed
}

func (k *keeper) Logf(format string, args ...any) {
	fmt.Fprintln(os.Stderr, "shared house:", tail(fmt.Sprintf(format, args...), 20_000))
}

func (k *keeper) Error(args ...any) {
	k.mu.Lock()
	k.failed = true
	k.mu.Unlock()
	fmt.Fprintln(os.Stderr, append([]any{"shared house:"}, args...)...)
}

func (k *keeper) Errorf(format string, args ...any) { k.Error(fmt.Sprintf(format, args...)) }

func (k *keeper) Fatal(args ...any) {
	k.Error(args...)
	panic("the shared house cannot go on")
}

func (k *keeper) Fatalf(format string, args ...any) { k.Fatal(fmt.Sprintf(format, args...)) }

// end does what testing does when a test is over.
func (k *keeper) end() {
	k.cancel()
	for i := len(k.cleanups) - 1; i >= 0; i-- {
		k.cleanups[i]()
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// checkLog fails for what must never be in a log: a missing text, a panic, an
// error that nobody expected.
func checkLog(w *world.World) {
	w.Helper()
	for line := range strings.Lines(w.Logged()) {
		for _, bad := range []string{"text is missing", "text cannot be filled", "panic", "cannot be rendered", `"level":"ERROR"`} {
			if strings.Contains(line, bad) {
				w.Errorf("the log has %s", line)
				break
			}
		}
	}
}
