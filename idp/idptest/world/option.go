package world

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"

	"surety/idp/server"
)

// Option changes a world before it starts.
type Option func(*World)

// WithConfig changes settings.
func WithConfig(change func(*server.Config)) Option {
	return func(w *World) { change(&w.Config) }
}

// WithAuthority has the house trust the authority (PEM) in its calls out, as
// to an agency's address for logout tokens.
func WithAuthority(pem []byte) Option {
	return func(w *World) { w.Config.CAFile = w.file("authority.pem", string(pem)) }
}

// WithTLS serves https under the issuer, whatever name it has, with a
// certificate and its key in PEM. Browsers of the world trust roots alone.
func WithTLS(issuer string, cert, key []byte, roots *x509.CertPool) Option {
	return func(w *World) {
		// An address of the loopback network that nobody else uses: between
		// the moment it is found free and the moment the house opens it, no
		// other test can take it.
		free := w.must(net.Listen("tcp", privateLoopback()+":0"))
		address := free.Addr().String()
		if err := free.Close(); err != nil {
			w.Fatal(err)
		}
		w.Issuer, w.Config.Listen = issuer, []string{address}
		w.Config.TLSCertFile, w.Config.TLSKeyFile = w.file("tls.pem", string(cert)), w.file("tls.key", string(key))
		w.Transport = &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			},
		}
	}
}

// privateLoopback is a random address of 127.0.0.0/8.
func privateLoopback() string {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return net.IPv4(127, b[0]|1, b[1], b[2]&^1|2).String()
}
