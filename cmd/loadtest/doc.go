// Command loadtest puts load on an OpenID provider on the loopback interface
// and checks every answer, so that a fast error never counts as speed.
//
//	loadtest -scenario code-fresh -issuer http://127.0.0.1:8080 \
//	    -client-id bench -recipe dex -users 100 -c 16 -d 10s -pids op=PID,pg=PID
//	loadtest table -sandbox var/sandbox.json
//
// The first form runs one scenario against any provider and prints one line of
// JSON. The second runs every scenario that Surety has a figure for against a
// running sandbox and prints one table, together with what the machine itself
// can do: signatures, password hashes and commits a second, from the same run.
//
// # Scenarios
//
//	client_credentials  one token request: status 200 and a bearer token
//	refresh             one rotation of the worker's own refresh token: both tokens new
//	code-fresh          a whole code flow with PKCE in an empty browser, login page included
//	code-sso            a whole code flow in a signed-in browser: no login page, same sub and auth_time
//	userinfo            GET with a bearer token: the right sub
//	introspect          POST with client authentication: active is true
//	discovery, jwks     GET: the right issuer; at least one key
//
// Code flows check state, iss, sub and nonce. The redirect back to the client
// is never requested.
//
// # Results
//
// Rates and latencies count successful operations only. cpu_ms_per_op is the CPU
// time of a process with all its descendants for one operation; "other" is what
// processes not named used, kernel and stolen time included. With -max-other a
// run disturbed by more than that share is repeated, at most -max-discards
// times, and the least disturbed runs are kept. db_round_trips_per_op is the
// difference of a counter that the server shows (-metrics). reseeds counts
// refresh chains that began anew after an error. The exit status is 0 only if
// there were operations and no errors.
//
// # Recipes
//
// A recipe is a JSON file that drives a provider's own pages. Each HTML page
// between the authorization request and the redirect back must match a step:
// url and body are regular expressions. The page's form (the one that holds
// the control named by "holds", else the one with index "form") is submitted with
// its hidden fields, overlaid with "fields"; {user} becomes an account number
// below -users and {password} the value of -password. Recipes of this folder go by
// their names.
//
// # Limits
//
// Connections go to loopback addresses only and redirects are never followed
// blindly. Every operation and every run has an end. ID token signatures are not
// verified: that would load the machine under measurement and belongs to other
// tests. The load is a closed loop: a slow server gets fewer requests, so
// percentiles hide the queueing that an open system would see. The tool shares
// the machine with the server: read cpu_share of "load" before comparing fast
// endpoints.
package main
