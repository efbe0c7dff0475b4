package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"
)

// authority is the sandbox's own certification authority. It can vouch for
// names of this machine only, so that trusting it in a browser is no risk.
type authority struct {
	certFile string // for ca_file
	cert     *x509.Certificate
	key      *ecdsa.PrivateKey
}

// Lives of the certificates. The authority's is long because people import it
// into a browser once; the server's is made at every start.
const (
	authorityLife = 5 * 365 * 24 * time.Hour
	serverLife    = 30 * 24 * time.Hour
	renewBefore   = 60 * 24 * time.Hour
)

// openAuthority loads the authority of the data folder, or makes it.
func openAuthority(p plan, now time.Time) (*authority, error) {
	a := &authority{certFile: p.file("authority.pem")}
	keyFile := p.file("authority.key")
	cert, certErr := readPEM(a.certFile)
	key, keyErr := readPEM(keyFile)
	if certErr == nil && keyErr == nil {
		var err error
		if a.cert, err = x509.ParseCertificate(cert); err != nil {
			return nil, fmt.Errorf("read authority: %w", err)
		}
		if a.key, err = x509.ParseECPrivateKey(key); err != nil {
			return nil, fmt.Errorf("read authority: %w", err)
		}
		if now.Add(renewBefore).Before(a.cert.NotAfter) {
			return a, nil
		}
	} else if err := errors.Join(ignoreMissing(certErr), ignoreMissing(keyErr)); err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	return a, a.make(keyFile, now)
}

func (a *authority) make(keyFile string, now time.Time) error {
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "Surety sandbox authority", Organization: []string{"For this machine only"}},
		NotAfter: now.Add(authorityLife), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign, PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"},
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return fmt.Errorf("make authority: %w", err)
	}
	if a.cert, err = issue(template, template, &a.key.PublicKey, a.key, now); err != nil {
		return fmt.Errorf("make authority: %w", err)
	}
	return writePair(a.certFile, a.cert, keyFile, a.key)
}

// serverPair makes a certificate for localhost and its addresses.
func (a *authority) serverPair(certFile, keyFile string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: "localhost"},
		NotAfter: now.Add(serverLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	cert, err := issue(template, a.cert, &key.PublicKey, a.key, now)
	if err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	return writePair(certFile, cert, keyFile, key)
}

func issue(template, parent *x509.Certificate, public *ecdsa.PublicKey, signer *ecdsa.PrivateKey, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber, template.NotBefore = serial, now.Add(-time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func writePair(certFile string, cert *x509.Certificate, keyFile string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return errors.Join(
		writeFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600),
		writeFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o644),
	)
}

func readPEM(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	return block.Bytes, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeFile replaces a file at once: readers see the old or the new one.
func writeFile(path string, text []byte, mode os.FileMode) error {
	next := path + ".new"
	if err := os.WriteFile(next, text, mode); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
