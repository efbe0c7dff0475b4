package gate_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"surety/assurance/guard/proxy"
)

// shown is the first block of the language in the README's section about
// guarding an API that holds the word.
func shown(t *testing.T, language, word string) string {
	t.Helper()
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Guard an API\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, block := range strings.Split(section, "```"+language+"\n")[1:] {
		if code, _, _ := strings.Cut(block, "```"); strings.Contains(code, word) {
			return code
		}
	}
	t.Fatalf("the README has no %s with %s", language, word)
	return ""
}

// TestReadmeRoutesAreRight: the file of routes as it stands in the README.
func TestReadmeRoutesAreRight(t *testing.T) {
	t.Parallel()
	c := command(t, newProvider(t))
	c.Upstream = "http://127.0.0.1:9000"
	if err := os.WriteFile(c.Routes, []byte(shown(t, "yaml", "routes:")), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := c.Check(); err != nil || found.Routes != 3 || found.Public != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestReadmeProxiesForgetNoHeader: a name that nginx does not set would pass
// from outside.
func TestReadmeProxiesForgetNoHeader(t *testing.T) {
	t.Parallel()
	nginx := shown(t, "nginx", "auth_request")
	for _, name := range append(proxy.Headers(), "X-Original-Method", "X-Original-URI", "Authorization") {
		if !strings.Contains(nginx, "proxy_set_header "+name+" ") {
			t.Errorf("nginx does not set %s", name)
		}
	}
	if !strings.Contains(shown(t, "yaml", "forwardAuth"), `"^X-Surety-"`) || !strings.Contains(shown(t, "yaml", "ext_authz"), "prefix: x-surety-") {
		t.Error("Traefik or Envoy does not take over the headers")
	}
}

// TestReadmeNodeKnowsWhoIsThere runs the API in Node behind a real guard, and
// then without it.
func TestReadmeNodeKnowsWhoIsThere(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := command(t, p)
	api := node(t, shown(t, "js", "person"), c.SigningKey)
	c.Upstream, c.ClientID, c.ClientSecretFile, c.ReadyListen = api, "", "", ""
	front := "http://" + start(t, c, 1)[0]
	if code, _, body := get(t, http.DefaultClient, front+"/declarations/%D1%96", p.token(t), nil); code != 200 || body != "received from anna\n" {
		t.Errorf("through the guard: %d %s", code, body)
	}
	// What the guard says to an API of ours, to try it on the one in Node.
	told := make(chan string, 1)
	spy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Header.Get(proxy.HeaderAssertion) }))
	defer spy.Close()
	c.Upstream = spy.URL
	get(t, http.DefaultClient, "http://"+start(t, c, 1)[0]+"/declarations/2026", p.token(t), nil)
	said := <-told
	parts := strings.Split(said, ".")
	if len(parts) != 3 {
		t.Fatalf("the guard said %q", said)
	}
	for name, c := range map[string]struct {
		path, assertion string
		status          int
	}{
		"right":              {"/declarations/2026", said, 200},
		"with a query":       {"/declarations/2026?a=b", said, 200},
		"for another path":   {"/declarations/2025", said, 401},
		"none":               {"/declarations/2026", "", 401},
		"without signature":  {"/declarations/2026", parts[0] + "." + parts[1] + ".", 401},
		"two parts":          {"/declarations/2026", parts[0] + "." + parts[1], 401},
		"another signature":  {"/declarations/2026", parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), 401},
		"alg none":           {"/declarations/2026", "eyJhbGciOiJub25lIn0." + parts[1] + ".", 401},
		"another's own":      {"/declarations/2026", "a.b.c", 401},
		"an ending too long": {"/declarations/2026", said + "AAAA", 401},
	} {
		if code, _, body := get(t, http.DefaultClient, api+c.path, "", map[string]string{proxy.HeaderAssertion: c.assertion}); code != c.status {
			t.Errorf("%s: %d %s, want %d", name, code, body, c.status)
		}
	}
}

// node runs the program on a free port until the test ends.
func node(t *testing.T, program, keyFile string) (url string) {
	t.Helper()
	binary, err := exec.LookPath("node")
	if err != nil {
		if binary, err = exec.LookPath("nodejs"); err != nil {
			t.Fatal("node is missing: install nodejs")
		}
	}
	file := filepath.Join(t.TempDir(), "api.mjs")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().(*net.TCPAddr)
	free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, binary, file)
	cmd.Env = append(os.Environ(), "GUARD_KEY="+keyFile, fmt.Sprint("PORT=", address.Port))
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	for end := time.Now().Add(30 * time.Second); ; {
		c, err := net.Dial("tcp", address.String())
		if err == nil {
			c.Close()
			return "http://" + address.String()
		}
		if time.Now().After(end) {
			t.Fatalf("node does not answer: %s", said.String())
		}
		tick := time.NewTimer(10 * time.Millisecond)
		<-tick.C
	}
}
