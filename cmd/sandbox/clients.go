package main

// metadata is a client's registration under the names of RFC 7591.
type metadata map[string]any

// sampleClient is a client of the sandbox. Its id is chosen, so that scripts
// and recipes can name it.
type sampleClient struct {
	id       string
	metadata metadata
}

// sampleClients are the agency, the load test's, and some like those that the
// conformance suite asks for. All are marked as development: their addresses
// are on this machine.
func sampleClients(p plan) []sampleClient {
	agency := p.origin(agencyOffset)
	out := []sampleClient{
		{"agency", metadata{
			"client_name": "Town registry office (sample)", "client_name#be": "Гарадскі аддзел запісу актаў (узор)",
			"client_name#ru": "Городской отдел записи актов (образец)", "client_name#uk": "Міський відділ запису актів (зразок)",
			"client_uri": agency + "/", "redirect_uris": []string{agency + "/callback"},
			"resources":                 []string{agency + "/api"},
			"post_logout_redirect_uris": []string{agency + "/signed-out"}, "backchannel_logout_uri": agency + "/backchannel-logout",
			"backchannel_logout_session_required": true, "initiate_login_uri": agency + "/login",
			"token_endpoint_auth_method": "client_secret_basic", "grant_types": []string{"authorization_code", "refresh_token"},
			"id_token_signed_response_alg": "ES256", "security_events": "poll",
		}},
		{"loadtest", metadata{
			"client_name": "Load test", "redirect_uris": []string{"http://127.0.0.1:5555/callback"},
			"token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "ES256",
			"grant_types": []string{"authorization_code", "refresh_token", "client_credentials"},
		}},
		{"public", metadata{
			"client_name": "Program on a person's device (sample)", "application_type": "native",
			"redirect_uris": []string{"http://127.0.0.1/callback"}, "token_endpoint_auth_method": "none",
			"grant_types": []string{"authorization_code", "refresh_token"}, "id_token_signed_response_alg": "ES256",
		}},
	}
	for _, c := range []struct{ id, auth string }{
		{"conformance-1", "client_secret_basic"}, {"conformance-2", "client_secret_basic"}, {"conformance-post", "client_secret_post"},
	} {
		out = append(out, sampleClient{c.id, metadata{
			"client_name": "Conformance suite: " + c.id, "require_pkce": false,
			// The suite's usual address, and one that a script of ours may use.
			"redirect_uris":              []string{"https://localhost.emobix.co.uk:8443/test/a/surety/callback", "http://127.0.0.1:5556/callback"},
			"post_logout_redirect_uris":  []string{"https://localhost.emobix.co.uk:8443/test/a/surety/post_logout_redirect"},
			"token_endpoint_auth_method": c.auth, "grant_types": []string{"authorization_code", "refresh_token"},
			"id_token_signed_response_alg": "RS256", "subject_type": "public",
		}})
	}
	return out
}
