package stories_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"surety/idp/idptest/world"
)

// try sends a password and returns what came back.
func try(b *world.Browser, login, password string) world.Page {
	b.Helper()
	return b.Submit(b.Get("/sign-in"), "continue", "login", login, "password", password)
}

// TestLogIn_KnownAndUnknownAreAnsweredAlike: by text, status, headers, and by
// what it costs us, for a wrong password and for its throttle.
func TestLogIn_KnownAndUnknownAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w, trips := counted(t)
	known, unknown, frozen := email(), email(), email()
	w.Seed(known)
	closed := w.Seed(frozen)
	exec1(w, `UPDATE account SET state = 'frozen' WHERE account_id = $1`, closed.AccountID)
	logins := []string{known, unknown, frozen, "luka-mosi-4821", phone()}
	shapes, costs := [7]string{}, map[string]float64{}
	for _, login := range logins {
		b := person(w)
		page := b.Get("/sign-in")
		for n := range 7 { // the seventh is one too many
			before := trips()
			page = b.Submit(page, "continue", "login", login, "password", "wrong "+world.Random())
			cost := trips() - before
			if want := map[bool]int{true: http.StatusTooManyRequests, false: http.StatusUnprocessableEntity}[n == 6]; page.Status != want {
				t.Errorf("try %d: %d, want %d", n+1, page.Status, want)
			}
			if was, seen := costs[login]; n < 6 && (!seen || cost < was) {
				costs[login] = cost // background work counts along at times
			}
			shape := fmt.Sprint(page.Header["Retry-After"] == nil, page.Header.Values("Set-Cookie")) + likeness(page, login)
			if shapes[n] == "" {
				shapes[n] = shape
			}
			if shape != shapes[n] {
				t.Errorf("try %d of %s is answered otherwise than that of %s:\n%s\nand\n%s", n+1, login, known, shape, shapes[n])
			}
		}
	}
	for _, login := range logins {
		if costs[login] != costs[known] || costs[login] == 0 {
			t.Errorf("a wrong password costs %v round trips", costs)
			break
		}
	}
}

// counted is a house that tells how often its server has asked the database.
func counted(t *testing.T) (*world.World, func() float64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w := world.New(t, func(w *world.World) { w.Config.MetricsListen = address })
	return w, func() float64 {
		t.Helper()
		resp, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "surety_db_round_trips_total "); ok {
				n, err := strconv.ParseFloat(text, 64)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
		}
		t.Fatal("no count of round trips among the metrics")
		return 0
	}
}

// TestLogIn_SixFailuresLockTheStrangerOut for a quarter of an hour, and not
// the person in a browser that the account knows, nor from elsewhere.
func TestLogIn_SixFailuresLockTheStrangerOut(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	login := email()
	w.Seed(login)
	own, stranger := person(w), person(w)
	logIn(own, own.Get("/sign-in"), login)
	w.Mail(login, 0)
	wantPath(t, own.Submit(own.Get("/account"), "logout"), "/signed-out")
	for n := range 6 {
		want(t, try(stranger, login, "wrong"), http.StatusUnprocessableEntity, "The login or the password is not right")
		if n == 2 {
			want(t, try(stranger, strings.ToUpper(login), ""), http.StatusUnprocessableEntity, "Enter a password")
		}
	}
	page := try(stranger, strings.ToUpper(login), world.Password) // another spelling is no other login
	want(t, page, http.StatusTooManyRequests, "Too many failed attempts. Try again in 15 minutes", `value="`+strings.ToUpper(login)+`"`)
	if wait, err := strconv.Atoi(page.Header.Get("Retry-After")); err != nil || wait < 890 || wait > 900 {
		t.Errorf("Retry-After %q", page.Header.Get("Retry-After"))
	}
	// Without cookies it is the same stranger still.
	fresh := w.Browser()
	fresh.Client.Transport = stranger.Client.Transport
	want(t, try(fresh, login, world.Password), http.StatusTooManyRequests)
	wantPath(t, try(own, login, world.Password), "/account")
	wantPath(t, try(person(w), login, world.Password), "/account")
	want(t, try(stranger, login, world.Password), http.StatusTooManyRequests)
	w.Advance(15*time.Minute + time.Second)
	want(t, try(stranger, login, "wrong"), http.StatusUnprocessableEntity)
	want(t, try(stranger, login, world.Password), http.StatusTooManyRequests, "30 minutes") // it grows
	w.Advance(30*time.Minute + time.Second)
	wantPath(t, try(stranger, login, world.Password), "/account")
}

// TestR11_ASharedComputerRemembersNothing: the cookie ends with the browser,
// the session after ten idle minutes, and the browser is not one that the
// account knows.
func TestR11_ASharedComputerRemembersNothing(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	login := email()
	w.Seed(login)
	shared, own := person(w), person(w)
	form := func(b *world.Browser) (string, url.Values) {
		action, form := b.Form(b.Get("/sign-in"), "continue")
		form.Set("login", login)
		form.Set("password", world.Password)
		return action, form
	}
	ticked := shared.Submit(shared.Get("/sign-in"), "continue", "login", login, "password", "wrong", "shared", "1")
	if _, kept := shared.Form(ticked, "continue"); kept.Get("shared") != "1" || kept.Get("login") != login || kept.Get("password") != "" {
		t.Errorf("after an error the form has %v", kept)
	}
	action, fields := form(shared)
	fields.Set("shared", "1")
	cookie := sessionCookie(t, send(shared, http.MethodPost, action, fields, nil))
	if cookie.MaxAge != 0 || !cookie.Expires.IsZero() {
		t.Errorf("the cookie outlives the browser: %s", cookie.Raw)
	}
	action, fields = form(own)
	if c := sessionCookie(t, send(own, http.MethodPost, action, fields, nil)); c.MaxAge < 43_190 || c.MaxAge > 43_200 {
		t.Errorf("an own computer's cookie lasts %d s, want 12 h: %s", c.MaxAge, c.Raw)
	}
	want(t, shared.Get("/account"), http.StatusOK, "shared computer")
	w.Advance(9 * time.Minute)
	wantPath(t, shared.Get("/account"), "/account") // moves the end on
	w.Advance(9 * time.Minute)
	wantPath(t, shared.Get("/account"), "/account")
	w.Advance(10*time.Minute + time.Second)
	wantPath(t, shared.Get("/account"), "/sign-in")
	wantPath(t, own.Get("/account"), "/account")
	w.Advance(30*time.Minute + time.Second)
	wantPath(t, own.Get("/account"), "/sign-in")
	if n := count(w, `SELECT count(*) FROM known_device`); n != 1 {
		t.Errorf("%d known devices, want the own one", n)
	}
	// Kept in use, a session still ends after twelve hours.
	logIn(own, own.Get("/sign-in"), login)
	for range 12*60/25 - 1 {
		w.Advance(25 * time.Minute)
		wantPath(t, own.Get("/account"), "/account")
	}
	w.Advance(25 * time.Minute)
	w.Advance(20 * time.Minute)
	wantPath(t, own.Get("/account"), "/sign-in")
}

// TestR11_OneButtonProlongsASession before it ends by idleness, without
// scripts as well, and not beyond its absolute end.
func TestR11_OneButtonProlongsASession(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	login := email()
	w.Seed(login)
	b := person(w)
	page := logIn(b, b.Get("/sign-in"), login)
	want(t, page, http.StatusOK, "You will soon be logged out", `id="prolong"`)
	for range 4 {
		w.Advance(29 * time.Minute)
		page = b.Submit(page, "prolong")
		wantPath(t, page, "/account")
	}
	w.Advance(30*time.Minute + time.Second)
	wantPath(t, b.Submit(page, "prolong"), "/sign-in")
}

func sessionCookie(t *testing.T, a answer) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if strings.HasPrefix(c.Name, "surety-session") {
			return c
		}
	}
	t.Fatalf("no session cookie in %d %v", a.Status, a.Header)
	return nil
}

// TestLogIn_GivesTheBrowserANewSecret, whatever it brought: a session that was
// planted in the browser is not the one that the person gets.
func TestLogIn_GivesTheBrowserANewSecret(t *testing.T) {
	t.Parallel()
	w := house(t)
	mallory, _ := entered(w)
	planted := cookies(mallory)["session"]
	login := email()
	w.Seed(login)
	victim := person(w)
	plant(victim, "session", planted)
	page := logIn(victim, victim.Get("/sign-in"), login)
	wantPath(t, page, "/account")
	first := cookies(victim)["session"]
	if first == planted {
		t.Fatal("the planted secret is the person's session")
	}
	wantPath(t, mallory.Get("/account"), "/sign-in") // it was ended: another person logged in with it
	wantPath(t, logIn(victim, victim.Get("/sign-in"), login), "/account")
	if cookies(victim)["session"] == first {
		t.Error("logging in again keeps the secret")
	}
	old := person(w)
	plant(old, "session", first)
	wantPath(t, old.Get("/account"), "/sign-in")
}

// cookies are the browser's, by their short names.
func cookies(b *world.Browser) map[string]string {
	b.Helper()
	home, err := url.Parse(b.Home())
	if err != nil {
		b.Fatal(err)
	}
	out := map[string]string{}
	for _, c := range b.Jar.Cookies(home) {
		out[strings.TrimSuffix(strings.TrimPrefix(c.Name, "surety-"), "-"+home.Port())] = c.Value
	}
	return out
}

// plant puts a cookie of ours into a browser.
func plant(b *world.Browser, short, value string) {
	b.Helper()
	home, err := url.Parse(b.Home())
	if err != nil {
		b.Fatal(err)
	}
	b.Jar.SetCookies(home, []*http.Cookie{{Name: "surety-" + short + "-" + home.Port(), Value: value, Path: "/"}})
}

// TestLogIn_AFrozenOrClosedAccount is told so to nobody but who has the
// password, and gets no further.
func TestLogIn_AFrozenOrClosedAccount(t *testing.T) {
	t.Parallel()
	w := house(t)
	b, login := entered(w)
	a := newAgency(w, "")
	tokens := a.redeem(b.Submit(b.Get(a.authorize("scope", "openid offline_access")), "allow"))
	account := w.Seed(login).AccountID
	exec1(w, `UPDATE account SET state = 'frozen' WHERE account_id = $1`, account)
	wantPath(t, b.Get("/account"), "/sign-in")
	page := b.Get(a.authorize("prompt", "none"))
	a.wantBack(page, "error", "login_required")
	want(t, try(person(w), login, world.Password), http.StatusUnprocessableEntity, "This account is frozen")
	lacks(t, try(person(w), login, "wrong"), "frozen")
	if got := a.refresh(tokens); got.Status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
		t.Errorf("refresh of a frozen account: %d %s", got.Status, got.Body)
	}
	exec1(w, `UPDATE account SET state = 'closed' WHERE account_id = $1`, account)
	want(t, try(person(w), login, world.Password), http.StatusUnprocessableEntity, "This account is closed")
}
