package guard_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"surety/assurance/guard"
)

// An API that takes declarations from those who were let into the procedure
// 3.77.01 not longer than five minutes ago.
func Example() {
	surety, anna, issuer := exampleSurety() // a provider, and two tokens of a person
	defer surety.Close()

	g, err := guard.New(guard.Config{Issuer: issuer, Audience: "https://api.tax.example"})
	if err != nil {
		log.Fatal(err)
	}
	declare := g.Require(guard.Requirement{Procedure: "3.77.01", MaxAge: 5 * time.Minute})
	mux := http.NewServeMux()
	mux.Handle("POST /declarations", declare(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := guard.TokenFrom(r.Context())
		fmt.Fprintln(w, "received from", token.Subject)
	})))
	api := httptest.NewServer(mux) // log.Fatal(http.ListenAndServe(":8080", mux))

	defer api.Close()
	for _, token := range []string{anna["logged in"], anna["let into the procedure"]} {
		r, _ := http.NewRequest("POST", api.URL+"/declarations", strings.NewReader("income: 12"))
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		fmt.Print(answer.StatusCode, " ", string(body))
		for _, part := range strings.SplitAfter(answer.Header.Get("WWW-Authenticate"), ", ") {
			if strings.HasPrefix(part, "max_age") || strings.HasPrefix(part, "procedure") {
				fmt.Println("   ", strings.TrimSuffix(part, ", "))
			}
		}
	}
	// Output:
	// 401 the procedure must be asked for with the login
	//     max_age="300"
	//     procedure="3.77.01"
	// 200 received from anna
}

// exampleSurety is a provider with tokens of now, and of somebody.
func exampleSurety() (surety *house, anna map[string]string, issuer string) {
	key := accepted()["ES256"]
	surety = openHouse(key)
	surety.clock.Store(int64(time.Since(start) / time.Second))
	claims := surety.claims().with(members{"sub": "anna"})
	granted := members{"authorization_details": []any{procedureEntry("3.77.01", "tax")}}
	return surety, map[string]string{"logged in": key.token(claims), "let into the procedure": key.token(claims.with(granted))}, surety.URL
}

// An agency's API with three doors: one for anybody who is logged in, one for
// those who are known well, and one that wants a recent login and a scope
// besides. The rest of the example is a client that knocks.
func Example_levels() {
	key := accepted()["ES256"]
	surety := openHouse(key) // Surety, with its signing key
	defer surety.Close()

	g, err := guard.New(guard.Config{
		Issuer:   surety.URL,
		Audience: "https://api.tax.example",
		Clock:    surety.now, // leave it out; here it makes the example repeatable
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	const acr = "https://id.example/acr/"
	person := g.Require(guard.Requirement{Level: acr + "basic"})
	known := g.Require(guard.Requirement{Level: acr + "substantial"})
	declares := g.Require(guard.Requirement{Level: acr + "substantial", MaxAge: 15 * time.Minute, Scopes: []string{"tax:declare"}})

	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := guard.TokenFrom(r.Context())
		fmt.Fprintf(w, "hello, %s, with %v", token.Subject, token.AMR)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /calendar", person(hello))
	mux.Handle("GET /account", known(hello))
	mux.Handle("POST /declarations", declares(hello))

	knock := func(method, path, token string) {
		r := httptest.NewRequest(method, path, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(method, path, w.Code)
		if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
			fmt.Println("  " + strings.ReplaceAll(challenge, ", ", "\n    "))
			return
		}
		fmt.Println("  " + w.Body.String())
	}
	password := key.token(surety.claims().with(members{"sub": "anna", "acr": acr + "basic", "amr": []string{"pwd"}}))
	card := key.token(surety.claims().with(members{"sub": "anna", "acr": acr + "high", "amr": []string{"sc", "hwk", "pin", "mfa"}}))

	knock("GET", "/calendar", "")
	knock("GET", "/calendar", password)
	knock("GET", "/account", password)
	knock("GET", "/account", card)
	knock("POST", "/declarations", card)
	// Output:
	// GET /calendar 401
	//   Bearer realm="https://api.tax.example"
	// GET /calendar 200
	//   hello, anna, with [pwd]
	// GET /account 401
	//   Bearer realm="https://api.tax.example"
	//     error="insufficient_user_authentication"
	//     error_description="a higher level of authentication is needed"
	//     acr_values="https://id.example/acr/substantial"
	// GET /account 200
	//   hello, anna, with [sc hwk pin mfa]
	// POST /declarations 403
	//   Bearer realm="https://api.tax.example"
	//     error="insufficient_scope"
	//     error_description="the token lacks a scope that is needed"
	//     scope="tax:declare"
}
