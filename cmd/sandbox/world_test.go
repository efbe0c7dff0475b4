package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	house "surety/idp/idptest/world"
)

// programsDir is made and removed by TestMain.
var programsDir string

// programs builds what `make build` builds, once for all tests.
var programs = sync.OnceValues(func() (string, error) {
	dir := programsDir
	out, err := exec.Command("go", "build", "-o", dir+"/", "surety/cmd/idp", "surety/cmd/agency", "surety/cmd/sandbox").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, os.Chmod(dir, 0o755)
})

// running is a sandbox as `make run` starts it.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // what it prints; closed when it has ended
	said  strings.Builder
	path  string // of its description
}

// launch starts a sandbox and waits until it says that it is ready.
func launch(t *testing.T, data string, port int, more ...string) *running {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--data", data, "--port", strconv.Itoa(port)}, more...)
	r := &running{t: t, cmd: exec.Command(filepath.Join(dir, "sandbox"), args...), lines: make(chan string, 1000), path: filepath.Join(data, "sandbox.json")}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stderr = r.cmd.Stdout
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			r.lines <- scan.Text()
		}
		close(r.lines)
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill() // unless it has ended
		for range r.lines {
		}
		_ = r.cmd.Wait()
		if t.Failed() {
			t.Logf("Surety's last words:\n%s", lastLines(filepath.Join(data, "log", "serve.log"), 20))
		}
	})
	r.await("Ctrl-C stops everything")
	return r
}

// await reads what the sandbox prints until it prints that.
func (r *running) await(text string) {
	r.t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case line, more := <-r.lines:
			r.said.WriteString(line + "\n")
			if strings.Contains(line, text) {
				return
			}
			if !more {
				r.t.Fatalf("it ended before it said %q:\n%s", text, r.said.String())
			}
		case <-limit:
			r.t.Fatalf("it does not say %q:\n%s", text, r.said.String())
		}
	}
}

// interrupt is Ctrl-C. It returns when the sandbox has ended.
func (r *running) interrupt() {
	r.t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	for line := range r.lines {
		r.said.WriteString(line + "\n")
	}
	if err := r.cmd.Wait(); err != nil {
		r.t.Errorf("it ended with %v:\n%s", err, r.said.String())
	}
}

// town is the description as a script reads it.
type town struct {
	Issuer, Agency, Outbox string
	CAFile                 string `json:"ca_file"`
	PIDs                   map[string]int
	Accounts               []struct{ Login, Password, Level string }
	Clients                []struct {
		ID     string   `json:"client_id"`
		Secret string   `json:"client_secret"`
		URIs   []string `json:"redirect_uris"`
	}
}

func (r *running) describe() town {
	r.t.Helper()
	var d town
	text, err := os.ReadFile(r.path)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// visitor is a browser that walks between the agency and Surety.
type visitor struct{ agency, surety *house.Browser }

func newVisitor(t *testing.T, d town) *visitor {
	t.Helper()
	transport := &http.Transport{}
	if d.CAFile != "" {
		pem, err := os.ReadFile(d.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	t.Cleanup(transport.CloseIdleConnections)
	at := func(home string) *house.Browser {
		return (&house.World{TB: t, Issuer: home, Transport: transport}).Browser()
	}
	return &visitor{agency: at(d.Agency), surety: at(d.Issuer)}
}

// logIn goes the whole way and returns the agency's page.
func (v *visitor) logIn(login, password string) house.Page {
	v.agency.Helper()
	page := v.surety.Get(v.agency.Get("/login").URL.String())
	page = v.surety.Submit(page, "continue", "login", login, "password", password)
	if !page.Away {
		page = v.surety.Submit(page, "allow")
	}
	if !page.Away {
		v.agency.Fatalf("not sent back (%s):\n%s", page.URL, page.Body)
	}
	return v.agency.Get(page.URL.String())
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// awaitDeath waits for processes that are no children of ours; nothing tells of
// their end, so it looks again and again, for a bounded time.
func awaitDeath(t *testing.T, pids map[string]int) {
	t.Helper()
	limit := time.Now().Add(20 * time.Second)
	for name, pid := range pids {
		for alive(pid) {
			if time.Now().After(limit) {
				t.Fatalf("%s (%d) outlived the sandbox", name, pid)
			}
			<-time.After(10 * time.Millisecond)
		}
	}
}

// freePorts finds a base port whose promised neighbours are free too.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		base := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		p := plan{Port: base, hosts: []string{"127.0.0.1"}}
		if base < 65000 && p.checkPorts() == nil {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// dataFolder is one that the database's own user can reach, unlike t.TempDir's
// parents.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "surety-sandbox-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if os.Remove(dir) == nil {
			return // nothing was ever started in it
		}
		if err := clean(dir); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	return dir
}

func TestOneCommandRunsTheWorldAndAgain(t *testing.T) {
	t.Parallel()
	data := dataFolder(t)
	first := launch(t, data, freePorts(t))
	d := first.describe()
	anna := d.Accounts[0]
	for _, word := range []string{d.Issuer, d.Agency, d.Outbox, anna.Login, anna.Password, d.Accounts[1].Login, d.Accounts[2].Login} {
		if !strings.Contains(first.said.String(), word) {
			t.Errorf("it does not print %s:\n%s", word, first.said.String())
		}
	}
	page := newVisitor(t, d).logIn(anna.Login, anna.Password)
	if !page.Has(`id="level">Basic<`) || !page.Has("anna@example.org") {
		t.Errorf("the agency shows:\n%s", page.Body)
	}
	if page = newVisitor(t, d).logIn(d.Accounts[1].Login, d.Accounts[1].Password); !page.Has(`id="logout"`) {
		t.Errorf("login by telephone:\n%s", page.Body)
	}
	first.interrupt()
	awaitDeath(t, d.PIDs)
	if _, err := os.Stat(first.path); err == nil {
		t.Error("the description outlived the sandbox")
	}

	second := launch(t, data, freePorts(t))
	e := second.describe()
	if len(e.Clients) != len(d.Clients) || e.Issuer == d.Issuer {
		t.Fatalf("second start: %+v", e)
	}
	for i, c := range e.Clients {
		if c.ID != d.Clients[i].ID || c.Secret != d.Clients[i].Secret {
			t.Errorf("client %s became %s", d.Clients[i].ID, c.ID)
		}
	}
	// On another port the agency is another address, and still one client.
	if page = newVisitor(t, e).logIn(anna.Login, anna.Password); !page.Has(`id="logout"`) {
		t.Errorf("after the second start:\n%s", page.Body)
	}
	second.interrupt()
	awaitDeath(t, e.PIDs)
}

func TestWhatDiesIsStartedAgainAndNothingOutlivesTheSandbox(t *testing.T) {
	t.Parallel()
	r := launch(t, dataFolder(t), freePorts(t), "--load-accounts", "1")
	d := r.describe()
	if err := syscall.Kill(d.PIDs["serve"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.await("serve was started again")
	if err := syscall.Kill(d.PIDs["postgres"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.await("the database runs again")
	probe, err := newProber(d.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := probe.wait(t.Context(), "Surety", nil, probe.discovers(d.Issuer)); err != nil {
		t.Fatal(err)
	}
	e := r.describe()
	for _, name := range []string{"serve", "postgres"} {
		if e.PIDs[name] == d.PIDs[name] || !alive(e.PIDs[name]) {
			t.Errorf("%s: process %d, then %d", name, d.PIDs[name], e.PIDs[name])
		}
	}
	if page := newVisitor(t, e).logIn(e.Accounts[2].Login, e.Accounts[2].Password); !page.Has(`id="logout"`) {
		t.Errorf("after the deaths:\n%s", page.Body)
	}
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range r.lines { // until nobody holds its output any more
	}
	_ = r.cmd.Wait()
	awaitDeath(t, e.PIDs)
}

func TestTLSWithItsOwnAuthorityAndLogoutToldOverIt(t *testing.T) {
	t.Parallel()
	r := launch(t, dataFolder(t), freePorts(t), "--tls", "--load-accounts", "1")
	d := r.describe()
	if !strings.HasPrefix(d.Issuer, "https://") || !strings.HasPrefix(d.Agency, "https://") || d.CAFile == "" {
		t.Fatalf("%+v", d)
	}
	if _, err := http.Get(d.Issuer + "/ready"); err == nil {
		t.Error("the machine trusts the sandbox's authority already")
	}
	anna := newVisitor(t, d)
	if page := anna.logIn(d.Accounts[0].Login, d.Accounts[0].Password); !page.Has(`id="logout"`) {
		t.Fatalf("the agency shows:\n%s", page.Body)
	}
	page := anna.surety.Submit(anna.surety.Get("/account"), "logout")
	if strings.Contains(page.Body, `name="logout"`) {
		anna.surety.Submit(page, "logout")
	}
	limit := time.Now().Add(20 * time.Second)
	for !anna.agency.Get("/").Has(`id="told"`) {
		if time.Now().After(limit) {
			t.Fatal("the agency was not told that the session ended")
		}
		<-time.After(20 * time.Millisecond)
	}
	r.interrupt()
	awaitDeath(t, d.PIDs)
}

func TestOrdinaryUserMayRunIt(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // every other test of this file runs as one
	}
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	data := dataFolder(t)
	const nobody = 65534
	if err := os.Chown(data, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "sandbox"), "--data", data, "--port", strconv.Itoa(freePorts(t)), "--load-accounts", "1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var said strings.Builder
	lines := bufio.NewScanner(io.TeeReader(out, &said))
	for lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C") {
	}
	if !strings.Contains(said.String(), "Surety is ready") {
		t.Fatalf("it said:\n%s", said.String())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, said.String())
	}
}
