package server_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"surety/idp/idptest"
	"surety/idp/keys"
	"surety/idp/server"
)

func config(t *testing.T, url string, l net.Listener) server.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, keys.NewRing().Marshal(), 0o600); err != nil {
		t.Fatal(err)
	}
	return server.Config{
		Issuer: "http://localhost:1", Listen: []string{l.Addr().String()}, DatabaseURL: url, KeysFile: path, Profile: "demo",
		StopTimeout: 5 * time.Second, Log: io.Discard,
	}
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func status(address string) int {
	resp, err := http.Get(address)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestServeStopsInOrder: a request that is under way when the process is told
// to stop gets its answer, and then the process ends without an error.
func TestServeStopsInOrder(t *testing.T) {
	t.Parallel()
	l := listener(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.ServeOn(ctx, config(t, idptest.Unopened(t).URL, l), []net.Listener{l}) }()
	base := "http://" + l.Addr().String()
	deadline := time.After(20 * time.Second)
	for tick := time.Tick(10 * time.Millisecond); status(base+"/ready") != http.StatusOK; {
		select {
		case <-tick:
		case err := <-ended:
			t.Fatalf("ended: %v", err)
		case <-deadline:
			t.Fatal("never ready")
		}
	}
	if got := status(base + "/live"); got != http.StatusOK {
		t.Errorf("/live: %d", got)
	}
	slow, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	write(t, slow, "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n"+
		"Expect: 100-continue\r\n\r\n")
	answer := bufio.NewReader(slow)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the request is not under way: %q %v", line, err)
	}
	stop()
	write(t, slow, "a=b&c=d&")
	if _, err := answer.ReadString('\n'); err != nil { // the empty line after 100
		t.Error(err)
	}
	if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 4") {
		t.Errorf("a request under way gets %q %v", line, err)
	}
	_ = slow.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("stopped with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("does not stop")
	}
	if status(base+"/live") != 0 {
		t.Error("still answers after it has stopped")
	}
}

// TestServeRefusesToStart: each reason is said in words that name what to do.
func TestServeRefusesToStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*server.Config)
		want   string
	}{
		"unknown profile":     {func(c *server.Config) { c.Profile = "atlantis" }, "atlantis"},
		"no keys file":        {func(c *server.Config) { c.KeysFile = filepath.Join(t.TempDir(), "none") }, "read master keys"},
		"unmigrated database": {func(c *server.Config) { c.DatabaseURL = idptest.Blank(t) }, "idp migrate"},
		"database away":       {func(c *server.Config) { c.DatabaseURL = "postgres://127.0.0.1:1/none" }, "unavailable"},
		"other keys":          {func(c *server.Config) { spoilKeys(t, c) }, "key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listener(t)
			cfg := config(t, idptest.Unopened(t).URL, l)
			c.change(&cfg)
			err := server.ServeOn(t.Context(), cfg, []net.Listener{l})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// spoilKeys lets the house start once, so that it makes its signing keys, and
// then changes the ring that they are sealed under.
func spoilKeys(t *testing.T, c *server.Config) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := listener(t)
	ended := make(chan error, 1)
	first := *c
	go func() { ended <- server.ServeOn(ctx, first, []net.Listener{l}) }()
	for status("http://"+l.Addr().String()+"/ready") != http.StatusOK {
		select {
		case err := <-ended:
			t.Fatal(err)
		default:
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.KeysFile, keys.NewRing().Marshal(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}
