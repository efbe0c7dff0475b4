package main

import (
	"net"
	"os"
	"strconv"
	"strings"
)

// environment is what every part of Surety is told.
func (w *world) environment() []string {
	env := []string{
		"SURETY_ISSUER=" + w.plan.origin(0),
		"SURETY_LISTEN=" + strings.Join(w.plan.addresses(0), ","),
		"SURETY_DATABASE_URL=" + w.database.URL(),
		"SURETY_KEYS_FILE=" + w.plan.file("keys.json"),
		"SURETY_PROFILE=" + w.plan.Profile.Name,
		"SURETY_SMTP_ADDR=" + w.mail.Addr().String(),
		"SURETY_SMTP_FROM=no-reply@surety.example",
		"SURETY_SMTP_TLS=none",
		"SURETY_SMS_URL=" + w.plan.origin(outboxOffset) + "/sms",
		"SURETY_SMS_KEY_FILE=" + w.smsKeyFile,
		"SURETY_STOP_TIMEOUT=5s",
		"SURETY_SANDBOX=1",
	}
	if w.plan.TLS {
		env = append(env, "SURETY_TLS_CERT_FILE="+w.certFile, "SURETY_TLS_KEY_FILE="+w.keyFile, "SURETY_CA_FILE="+w.caFile)
	}
	return env
}

func (w *world) task(name, program string, args ...string) task {
	return task{name: name, path: w.plan.program(program), args: args, log: w.plan.file("log", name+".log")}
}

func (w *world) serveTask() task {
	t := w.task("serve", "idp", "serve")
	t.env = append(w.environment(), "SURETY_METRICS_LISTEN="+w.metrics)
	return t
}

func (w *world) workTask() task {
	t := w.task("work", "idp", "work")
	t.env = w.environment()
	return t
}

func (w *world) agencyTask() task {
	t := w.task("agency", "agency")
	t.env = []string{
		"AGENCY_ISSUER=" + w.plan.origin(0),
		"AGENCY_URL=" + w.plan.origin(agencyOffset),
		"AGENCY_CLIENT_ID=agency",
		"AGENCY_SECRET_FILE=" + w.plan.file("agency.secret"),
		"AGENCY_PROCEDURES_FILE=" + w.plan.file(offersFile),
		"AGENCY_LISTEN=" + strings.Join(w.plan.addresses(agencyOffset), ","),
	}
	if w.plan.TLS {
		t.env = append(t.env, "AGENCY_CA_FILE="+w.caFile, "AGENCY_TLS_CERT_FILE="+w.certFile, "AGENCY_TLS_KEY_FILE="+w.keyFile)
	}
	return t
}

// outboxTask hands the open ports over: first the mail server's.
func (w *world) outboxTask() task {
	t := w.task("outbox", "sandbox", "outbox", "--sms-key-file", w.smsKeyFile, "--listeners", strconv.Itoa(1+len(w.web)))
	for _, l := range append([]net.Listener{w.mail}, w.web...) {
		if f, err := l.(*net.TCPListener).File(); err == nil {
			t.files = append(t.files, f)
		}
	}
	return t
}

// inherited opens the n-th listener that was handed over.
func inherited(n int) (net.Listener, error) {
	file := os.NewFile(uintptr(3+n), "listener")
	defer file.Close()
	return net.FileListener(file)
}
