package metadata

import (
	"encoding/json"
	"fmt"

	"surety/idp/oidc/claims"
)

// trustmark is the page that vtm names: which vectors of trust there are here,
// in words (RFC 8485, section 5).
func trustmark(issuer string) ([]byte, error) {
	type component struct {
		Value string `json:"value"`
		Means string `json:"means"`
	}
	page := struct {
		Issuer     string      `json:"issuer"`
		Trustmark  string      `json:"trustmark"`
		About      string      `json:"about"`
		Components []component `json:"components"`
	}{
		Issuer: issuer, Trustmark: issuer + PathTrustmark,
		About: "A vector has one P, for how the identity is known, and a C for each kind of credential that counted. " +
			"It says what counted towards acr, which may be less than there was. What is not listed is not stated.",
	}
	for _, c := range claims.Components() {
		page.Components = append(page.Components, component{c.Value, c.Text})
	}
	text, err := json.Marshal(page)
	if err != nil {
		return nil, fmt.Errorf("write trustmark: %w", err)
	}
	return text, nil
}
