package templates

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
)

// picture lets a PNG of our own making stand in a page, so that it needs no
// address of its own that somebody else might ask for.
func picture(png []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png)) // #nosec: nothing but base64
}

// appLink lets a link open an authenticator app. No other scheme passes.
func appLink(address string) (template.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "otpauth" {
		return "", fmt.Errorf("link to an app has another scheme")
	}
	return template.URL(u.String()), nil // #nosec: checked above
}
