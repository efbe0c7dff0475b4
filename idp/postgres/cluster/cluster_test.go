package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain lets the tests run this program again as the process that starts a
// server and is then killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SURETY_TEST_CLUSTER_CHILD"); dir != "" {
		c, err := Start(context.Background(), Config{DataDir: dir, Fsync: true})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(c.PID())
		select {}
	}
	os.Exit(m.Run())
}

// dataDir is not t.TempDir: as root that lies in a folder which the database's
// user may not enter.
func dataDir(t *testing.T) string {
	t.Helper()
	base, err := os.MkdirTemp("", "surety-cluster-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	return filepath.Join(base, "data")
}

func start(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func run(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func alive(pid int) bool {
	state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(state), ") Z ")
}

func waitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for alive(pid) {
		select {
		case <-deadline:
			t.Fatalf("process %d does not end", pid)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestStart_KeepsTheDataBetweenStarts(t *testing.T) {
	t.Parallel()
	cfg := Config{DataDir: dataDir(t), Port: freePort(t), Fsync: true, Settings: map[string]string{"work_mem": "3MB"}}
	c := start(t, cfg)
	if have := query(t, c.URL(), `SELECT current_setting('fsync') || current_setting('work_mem') || current_user`); have != "on3MBsurety" {
		t.Errorf("settings: %s", have)
	}
	run(t, c.URL(), `CREATE TABLE kept AS SELECT 'here' AS word`)
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	waitGone(t, c.PID())
	again := start(t, cfg)
	if have := query(t, again.TCPURL(), `SELECT word FROM kept`); have != "here" {
		t.Errorf("after the second start: %s", have)
	}
	if again.PID() == c.PID() || !alive(again.PID()) {
		t.Errorf("pid %d, then %d", c.PID(), again.PID())
	}
}

func TestStart_TheLoopbackPortAsksForThePassword(t *testing.T) {
	t.Parallel()
	c := start(t, Config{DataDir: dataDir(t), Port: freePort(t)})
	query(t, c.TCPURL(), `SELECT 'in'`)
	wrong := strings.Replace(c.TCPURL(), c.password, "wrong", 1)
	if conn, err := pgx.Connect(t.Context(), wrong); err == nil {
		conn.Close(t.Context())
		t.Error("a wrong password came in")
	}
	for _, name := range []string{c.dir, filepath.Join(c.dir, passwordFile)} {
		if stat, err := os.Stat(name); err != nil || stat.Mode()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, stat.Mode(), err)
		}
	}
}

func TestStart_RefusesDataInUse(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	c := start(t, Config{DataDir: dir})
	if second, err := Start(t.Context(), Config{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("have %v, %v", second, err)
	}
	query(t, c.URL(), `SELECT 'still here'`)
	if err := Remove(dir); err == nil {
		t.Error("the data of a running server were removed")
	}
}

func TestStart_AfterTheServerWasKilled(t *testing.T) {
	t.Parallel()
	cfg := Config{DataDir: dataDir(t), Fsync: true}
	c := start(t, cfg)
	run(t, c.URL(), `CREATE TABLE kept AS SELECT 'here' AS word`)
	if err := syscall.Kill(c.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-c.Exited()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	// As if the machine had been restarted: the pid is somebody else's by now.
	pidFile := filepath.Join(c.dir, "postmaster.pid")
	stale, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stale), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	again := start(t, cfg)
	if have := query(t, again.URL(), `SELECT word FROM kept`); have != "here" {
		t.Errorf("after recovery: %s", have)
	}
}

// The starter is killed and has no chance to stop its server: the guard does.
func TestStart_TheServerDoesNotOutliveItsStarter(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	child, pid := spawn(t, dir)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	waitGone(t, pid)
	c := start(t, Config{DataDir: dir})
	query(t, c.URL(), `SELECT 'again'`)
}

// Starter and guard are killed: the next start evicts the server left over.
func TestStart_EvictsAServerLeftOver(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	first := start(t, Config{DataDir: dir, Detached: true})
	c := start(t, Config{DataDir: dir})
	query(t, c.URL(), `SELECT 'mine'`)
	if alive(first.PID()) {
		t.Error("two servers on one folder")
	}
}

func spawn(t *testing.T, dir string) (*exec.Cmd, int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "SURETY_TEST_CLUSTER_CHILD="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, _ := out.Read(line)
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatalf("child: %s", line[:n])
	}
	return child, pid
}

func TestStart_RefusesAForeignFolder(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Config{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("have %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "letter.txt")); err != nil {
		t.Error("the letter is gone")
	}
}

func TestStart_SaysWhichVersionTheDataNeed(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Config{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "postgresql-9") {
		t.Errorf("have %v", err)
	}
}

func TestStart_SaysWhyTheServerEnded(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Config{DataDir: dataDir(t), Settings: map[string]string{"shared_buffers": "nonsense"}})
	if err == nil || !strings.Contains(err.Error(), "shared_buffers") {
		t.Errorf("have %v", err)
	}
}

func TestStart_SocketOfALongFolder(t *testing.T) {
	t.Parallel()
	c := start(t, Config{DataDir: filepath.Join(filepath.Dir(dataDir(t)), strings.Repeat("a-long-name-", 8), "data")})
	query(t, c.URL(), `SELECT 'in'`)
}

// Folders that the database's user cannot reach, such as those in root's
// home, get their data elsewhere; removing finds them there.
func TestStart_InAFolderThatIsClosed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // an ordinary user runs the server itself
	}
	dir := dataDir(t)
	if err := os.Chmod(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	c := start(t, Config{DataDir: dir})
	query(t, c.URL(), `SELECT 'in'`)
	if strings.HasPrefix(c.dir, filepath.Dir(dir)) {
		t.Errorf("the data lie in %s", c.dir)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there", c.dir)
	}
}

// A whole life as an ordinary user, which here is nobody.
func TestStart_AsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // all other tests show it
	}
	who, err := findOwner()
	if err != nil {
		t.Fatal(err)
	}
	dir := dataDir(t)
	if err := os.Chown(filepath.Dir(dir), who.uid, who.gid); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(dir), "program")
	if out, err := exec.Command("cp", os.Args[0], program).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	child := exec.Command(program)
	child.Dir = "/"
	child.Env = append(os.Environ(), "SURETY_TEST_CLUSTER_CHILD="+dir)
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.gid)}}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, _ := out.Read(line)
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatalf("as an ordinary user: %s", line[:n])
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	waitGone(t, pid)
}

func TestNewest_ComparesVersionsAsNumbers(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	for _, version := range []string{"9", "15", "16"} {
		bin := filepath.Join(base, version, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"initdb", "postgres"} {
			if version == "16" && name == "initdb" {
				continue // clients only
			}
			if err := os.WriteFile(filepath.Join(bin, name), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if have, err := newest(filepath.Join(base, "*", "bin")); err != nil || have != filepath.Join(base, "15", "bin") {
		t.Errorf("%s, %v", have, err)
	}
	if _, err := newest(filepath.Join(base, "none", "*")); !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("have %v", err)
	}
}

func TestShared_OneServerForAllAndTheNextAfterItsEnd(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(dataDir(t)), "shared")
	urls := make(chan string, 4)
	for range cap(urls) {
		go func() {
			url, err := Shared(context.Background(), dir, Config{})
			if err != nil {
				t.Error(err)
			}
			urls <- url
		}()
	}
	first := <-urls
	for range cap(urls) - 1 {
		if other := <-urls; other != first {
			t.Errorf("%s and %s", first, other)
		}
	}
	run(t, first, `CREATE TABLE lost ()`)
	pid := readPID(filepath.Join(dir, "data"))
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitGone(t, pid)
	// What was written without fsync is not trusted after a crash.
	url, err := Shared(t.Context(), dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if have := query(t, url, `SELECT count(*)::text FROM pg_class WHERE relname = 'lost'`); have != "0" {
		t.Error("data of a crashed test server were taken over")
	}
	if err := syscall.Kill(readPID(filepath.Join(dir, "data")), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

func TestShared_StopsAfterItsLastUser(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(dataDir(t)), "shared")
	url, one, err := shared(t.Context(), dir, Config{}, "0.05")
	if err != nil {
		t.Fatal(err)
	}
	_, two, err := shared(t.Context(), dir, Config{}, "0.05")
	if err != nil {
		t.Fatal(err)
	}
	pid := readPID(filepath.Join(dir, "data"))
	one.Close()
	query(t, url, `SELECT pg_sleep(2)::text`) // time for forty looks: one user is left
	two.Close()
	waitGone(t, pid)
	// A user who comes while the guard cleans up waits for it and gets a new server.
	url, three, err := shared(t.Context(), dir, Config{}, "0.05")
	if err != nil {
		t.Fatal(err)
	}
	query(t, url, `SELECT 'new'`)
	pid = readPID(filepath.Join(dir, "data"))
	three.Close()
	waitGone(t, pid)
}

// A child that is being started has a copy of every descriptor until its exec.
func TestUnlock_EndsALockThatAChildHasACopyOf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.lock")
	lock, err := lockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	twin, err := syscall.Dup(int(lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(twin)
	unlockFile(lock)
	again, err := lockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unlockFile(again)
}
