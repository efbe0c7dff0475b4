package browser_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// storyTimeout bounds one story, in milliseconds. storiesTimeout bounds all.
const (
	storyTimeout   = 150_000
	storiesTimeout = 8 * time.Minute
)

// TestStories runs every story in a browser; each is a subtest.
func TestStories(t *testing.T) {
	node, chromium := find(t, "nodejs", "node", "nodejs"), find(t, "chromium", "chromium", "chromium-browser", "google-chrome")
	psql := find(t, "postgresql", "psql", debianPsql())
	install(t)
	watch(t)
	bin := build(t)
	plain, secure := startBoth(t, bin)
	env := append(os.Environ(),
		"SURETY_SANDBOX="+plain.described(), "SURETY_SANDBOX_TLS="+secure.described(), "SURETY_BIN="+bin,
		"SURETY_PAGES_SEEN="+folder(t), "CHROMIUM="+chromium, "PSQL="+psql, "NO_COLOR=1")
	pictures := os.Getenv("UPDATE_SHOTS") != ""
	if pictures {
		taken := folder(t)
		env = append(env, "SURETY_SHOTS="+taken)
		t.Cleanup(func() { publish(t, taken) })
	}
	told := run(t, node, env, files(t, pictures))
	if len(told) == 0 {
		t.Fatal("no story was told")
	}
	for _, s := range told {
		t.Run(strings.TrimSuffix(filepath.Base(s.File), ".test.mjs")+"/"+s.Story, func(t *testing.T) {
			t.Logf("%.1f s", s.Seconds)
			if !s.Passed || s.Skipped {
				t.Error(s.Fault)
			}
		})
	}
	for _, s := range []*sandbox{plain, secure} {
		checkLogs(t, s)
	}
}

// find returns the path of a program, under whichever of its names.
func find(t *testing.T, debian string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing: install it, on Debian with: apt-get install %s", names[0], debian)
	return ""
}

// debianPsql is where Debian keeps it besides the wrapper on the path.
func debianPsql() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/psql") // fails for a bad pattern only
	return strings.Join(found[max(0, len(found)-1):], "")
}

// watch looks at every source of the programs and of the stories. go test
// keeps a result for as long as the files that the test looked at stay the
// same, and it knows nothing of what the programs are built from.
func watch(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules", "bin", "var", "shots"}, d.Name()):
			return filepath.SkipDir
		case !d.IsDir():
			_, err = os.Stat(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody's editor
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// install fetches the pinned npm packages unless they are there.
func install(t *testing.T) {
	t.Helper()
	const lock, mark = "package-lock.json", "node_modules/.installed"
	want, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.ReadFile(mark); err == nil && bytes.Equal(have, want) {
		return
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	npm := find(t, "npm", "npm")
	if out, err := exec.Command(npm, "ci", "--no-audit", "--no-fund", "--loglevel=error").CombinedOutput(); err != nil {
		t.Fatalf("npm ci in idp/idptest/browser: %v\n%s", err, out)
	}
	if err := os.WriteFile(mark, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// startBoth starts a sandbox without and one with TLS, at the same time.
func startBoth(t *testing.T, bin string) (plain, secure *sandbox) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		var err error
		secure, err = start(t, bin, "--tls")
		done <- err
	}()
	plain, err := start(t, bin)
	if err = errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	return plain, secure
}

// told is how a story ended; see support/reporter.mjs.
type told struct {
	Story, File, Fault string
	Passed, Skipped    bool
	Seconds            float64
	Said               string // what node itself or a story wrote
}

// files lists the files of stories, those that take longest first.
func files(t *testing.T, pictures bool) []string {
	t.Helper()
	all, err := filepath.Glob("stories/" + os.Getenv("STORIES") + "*.test.mjs")
	if err != nil {
		t.Fatal(err)
	}
	// Pictures are taken alone: their people are in nobody's way.
	all = slices.DeleteFunc(all, func(file string) bool { return strings.Contains(file, "pictures") != pictures })
	slices.SortStableFunc(all, func(a, b string) int { return size(b) - size(a) })
	return all
}

func size(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return int(info.Size())
}

// run runs the stories, a few files at a time, and returns how each ended.
func run(t *testing.T, node string, env, files []string) []told {
	t.Helper()
	args := []string{"--test", "--test-concurrency=3", "--test-timeout=" + strconv.Itoa(storyTimeout), "--test-reporter=./support/reporter.mjs"}
	cmd := exec.CommandContext(t.Context(), node, append(args, files...)...)
	cmd.Env = env
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	overdue := time.AfterFunc(storiesTimeout, func() { _ = cmd.Process.Kill() })
	defer overdue.Stop()
	var all []told
	scan := bufio.NewScanner(out)
	scan.Buffer(nil, 4<<20)
	for scan.Scan() {
		var one told
		if err := json.Unmarshal(scan.Bytes(), &one); err != nil {
			t.Errorf("node: %s", scan.Text())
		} else if one.Story != "" {
			all = append(all, one)
		} else if one.Said != "" {
			t.Logf("node: %s", strings.TrimSpace(one.Said))
		}
	}
	if err := cmd.Wait(); err != nil && !slices.ContainsFunc(all, func(s told) bool { return !s.Passed }) {
		t.Errorf("node: %v\n%s", err, &complaints) // not because a story failed
	}
	return all
}

// checkLogs fails for what no story may cause: a text that is missing in some
// language, a page that cannot be made, a panic, an error that is ours.
func checkLogs(t *testing.T, s *sandbox) {
	t.Helper()
	for _, part := range []string{"serve", "work"} {
		for line := range strings.Lines(s.log(t, part)) {
			for _, bad := range []string{"text is missing", "text cannot be filled", "cannot be rendered", "panic", `"level":"ERROR"`, "level=ERROR"} {
				if strings.Contains(line, bad) {
					t.Errorf("%s logged: %s", part, line)
					break
				}
			}
		}
	}
}
