package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp/idptest/world"
)

// TestTLS is the house over https: what section 0 asks of the connection, of
// the addresses and of the cookies, and a whole flow over it.
func TestTLS(t *testing.T) {
	t.Parallel()
	const issuer = "https://id.surety.test"
	cert, key, roots := certificate(t, "id.surety.test")
	o := start(t, world.WithTLS(issuer, cert, key, roots))
	t.Run("all endpoints in metadata are https", func(t *testing.T) { o.on(t).checkMetadata(true) })
	t.Run("TLS 1.2 with a strong cipher or 1.3", func(t *testing.T) { strongCiphers(t, o.world.Config.Listen[0], roots) })
	t.Run("nothing is answered in clear", func(t *testing.T) {
		resp, err := http.Get("http://" + o.world.Config.Listen[0] + "/.well-known/openid-configuration")
		if err == nil {
			defer resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				t.Error("metadata in clear")
			}
		}
	})
	for _, m := range []mode{"", formPost} {
		t.Run("oidcc-server "+string(m), func(t *testing.T) {
			o := o.on(t)
			o.mode = m
			r, v := o.register(nil), o.visitor()
			request := r.ask()
			p := v.open(request)
			if !strings.HasPrefix(p.Header.Get("Strict-Transport-Security"), "max-age=") {
				t.Errorf("Strict-Transport-Security %q", p.Header.Get("Strict-Transport-Security"))
			}
			r.redeem(r.answer(v.through(p), request), request)
			v.silent(r, "prompt", "none")
		})
	}
	t.Run("cookies belong to this host over https alone", func(t *testing.T) { hostCookies(o.on(t)) })
}

// hostCookies looks at every cookie that a person gets on the way.
func hostCookies(o *op) {
	r, v := o.register(nil), o.visitor()
	seen := map[string]bool{}
	v.browser.Client.Transport = watched{o.world.Transport, func(resp *http.Response) {
		for _, c := range resp.Cookies() {
			seen[c.Name] = true
			if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite == http.SameSiteNoneMode {
				o.Errorf("cookie %s", c.Raw)
			}
		}
	}}
	v.flow(r, "ui_locales", "uk")
	home, _ := url.Parse(o.world.Issuer)
	if len(v.browser.Jar.Cookies(home)) < 3 || len(seen) < 3 {
		o.Errorf("cookies %v, want those of browser, session and language", seen)
	}
}

// watched shows every answer to a test before the browser gets it.
type watched struct {
	http.RoundTripper
	look func(*http.Response)
}

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		w.look(resp)
	}
	return resp, err
}

// strongCiphers tries to get a worse connection than section 0 allows.
func strongCiphers(t *testing.T, address string, roots *x509.CertPool) {
	connect := func(c *tls.Config) (tls.ConnectionState, error) {
		c.RootCAs, c.ServerName = roots, "id.surety.test"
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", address, c)
		if err != nil {
			return tls.ConnectionState{}, err
		}
		defer conn.Close()
		return conn.ConnectionState(), nil
	}
	if state, err := connect(&tls.Config{}); err != nil || state.Version != tls.VersionTLS13 {
		t.Errorf("version %x, %v", state.Version, err)
	}
	for _, old := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if _, err := connect(&tls.Config{MinVersion: old, MaxVersion: old}); err == nil {
			t.Errorf("%s is accepted", tls.VersionName(old))
		}
	}
	strong := 0
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if len(suite.SupportedVersions) == 1 && suite.SupportedVersions[0] == tls.VersionTLS13 {
			continue // all of 1.3's are strong
		}
		_, err := connect(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		good := strings.HasPrefix(suite.Name, "TLS_ECDHE_") && (strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_POLY1305"))
		if err == nil && !good {
			t.Errorf("%s is accepted", suite.Name)
		}
		if err == nil {
			strong++
		}
	}
	if strong == 0 {
		t.Error("no strong cipher of TLS 1.2 is accepted")
	}
}

// certificate makes one for the host, by an authority of its own.
func certificate(t *testing.T, host string) (cert, key []byte, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), roots
}
