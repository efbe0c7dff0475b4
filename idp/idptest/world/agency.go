package world

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"surety/idp/procedure"
)

// Agency is the sample agency as people and its API's callers find it: a
// process of its own, with the sample procedures of the profile.
type Agency struct {
	URL, API   string
	ID, Secret string
	Offers     []procedure.Procedure
}

// BuildAgency makes the program in the folder and returns its path.
func BuildAgency(t testing.TB, folder string) string {
	t.Helper()
	path := folder + "/agency"
	if out, err := exec.Command("go", "build", "-o", path, "surety/cmd/agency").CombinedOutput(); err != nil {
		t.Fatalf("build the sample agency: %v\n%s", err, out)
	}
	return path
}

// StartAgency registers the sample agency, publishes what it offers, and runs
// its program until the test ends. It knows nothing of the world's clock.
func (w *World) StartAgency(program string) *Agency {
	w.Helper()
	listen := privateLoopback() + ":7080" // nobody else is at this address
	a := &Agency{URL: "http://" + listen, API: "http://" + listen + "/api", ID: "agency"}
	a.Secret = w.RegisterFor("", "agency", fmt.Sprintf(`{"client_name": "Town registry office", "redirect_uris": [%[1]q], "resources": [%[2]q],
		"initiate_login_uri": %[3]q, "grant_types": ["authorization_code", "refresh_token"], "id_token_signed_response_alg": "ES256",
		"security_events": "poll"}`,
		a.URL+"/callback", a.API, a.URL+"/login")).Secret
	a.Offers = w.Offer(a.URL) // whose addresses are http: for development, which the client says
	w.launch(program, []string{
		"AGENCY_ISSUER=" + w.Issuer, "AGENCY_URL=" + a.URL, "AGENCY_CLIENT_ID=" + a.ID, "AGENCY_LISTEN=" + listen,
		"AGENCY_SECRET_FILE=" + w.file("agency.secret", a.Secret), "AGENCY_PROCEDURES_FILE=" + w.file("offers.json", offers(w, a.Offers)),
	})
	w.Until("the agency", func() bool {
		resp, err := http.Get(a.URL + "/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusNoContent
	})
	return a
}

// offers is the file that tells the agency what it offers: what Surety asks of
// people is registered there, and only an age is said a second time.
func offers(t testing.TB, all []procedure.Procedure) string {
	t.Helper()
	type offer struct {
		Code   string            `json:"code"`
		Titles map[string]string `json:"titles"`
		MaxAge int64             `json:"max_age,omitempty"`
	}
	var list []offer
	for _, p := range all {
		list = append(list, offer{p.Code, p.Titles, int64(p.Requirement.MaxAge / time.Second)})
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// launch runs a program until the test ends, or this process does.
func (w *World) launch(program string, env []string) {
	w.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), w.log, w.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // the kernel takes the end of this thread for the end of the parent
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		stop()
		w.Fatal(err)
	}
	w.Cleanup(func() { stop(); <-ended })
}

// Delivered is what the agency's API answers, whoever it lets in.
type Delivered struct {
	Procedure string    `json:"procedure"`
	Subject   string    `json:"sub"`
	ACR       string    `json:"acr"`
	AuthTime  time.Time `json:"auth_time"`
}

// Ask calls the API of a procedure with nothing but a token, which may be
// empty. It returns what was delivered, or the challenge.
func (a *Agency) Ask(t testing.TB, code, token string) (status int, d Delivered, challenge string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.API+"/procedures/"+code, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode, d, resp.Header.Get("WWW-Authenticate")
}
