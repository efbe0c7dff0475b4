package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"surety/idp"
	"surety/idp/event"
	"surety/idp/job"
	"surety/idp/notify"
	"surety/idp/postgres/audit"
	jobstore "surety/idp/postgres/job"
)

// tendEvery is how often keys are looked after: far more often than anything
// about them can fall due.
const tendEvery = time.Minute

// Work does what is done in the background until ctx ends: it sends what lies
// in the outbox, seals the audit, rotates keys and removes what has ended.
func Work(ctx context.Context, cfg Config) error {
	if err := cfg.CheckWork(); err != nil {
		return err
	}
	h, err := open(ctx, cfg, "idp work")
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.openPolicy(ctx); err != nil {
		return err
	}
	if err := h.openKeys(ctx); err != nil {
		return err
	}
	senders, err := h.senders()
	if err != nil {
		return err
	}
	w, err := jobstore.NewWorker(jobstore.Config{
		DB: h.db, Open: h.ring.Open, Senders: senders, Permanent: permanent, Clock: h.now, Log: h.log,
		Tasks: []job.Task{{Name: "tend_keys", Every: tendEvery, Do: h.tendKeys}},
	})
	if err != nil {
		return err
	}
	var background sync.WaitGroup
	defer background.Wait()
	sealer := audit.NewSealer(h.db, h.auditMAC, h.now, h.log)
	background.Go(func() { sealer.Run(ctx) })
	background.Go(func() { h.keySet.Run(ctx, h.db) })
	h.log.Info("working", "issuer", h.cfg.Issuer)
	return w.Run(ctx)
}

func (h *house) auditMAC(parts ...[]byte) []byte {
	sum := h.ring.AuditMAC("seal", parts...)
	return sum[:]
}

func (h *house) tendKeys(ctx context.Context, _ time.Time) error {
	changes, err := h.operator().TendKeys(ctx)
	for _, c := range changes {
		h.log.Info("signing key changed", "change", c.Kind, "algorithm", c.Algorithm, "kid", c.KID)
	}
	return err
}

// senders are the ways out of the house.
func (h *house) senders() (map[idp.Channel]job.Sender, error) {
	mailPassword, err := readSecret(h.cfg.Mail.PasswordFile)
	if err != nil {
		return nil, err
	}
	mailer, err := notify.NewMailer(notify.MailConfig{
		Addr: h.cfg.Mail.Addr, From: h.cfg.Mail.From, FromName: "Surety", Security: notify.Security(h.cfg.Mail.TLS),
		Username: h.cfg.Mail.User, Password: mailPassword, Roots: h.roots,
	})
	if err != nil {
		return nil, err
	}
	key, err := readSecret(h.cfg.SMS.KeyFile)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{}
	if key != "" {
		headers["Authorization"] = "Bearer " + key
	}
	gateway, err := notify.NewGateway(notify.SMSConfig{URL: h.cfg.SMS.URL, Headers: headers, Body: h.cfg.SMS.Body, Roots: h.roots})
	if err != nil {
		return nil, err
	}
	deliverer := event.NewDeliverer(event.Config{Roots: h.roots})
	return map[idp.Channel]job.Sender{
		idp.ChannelEmail: job.SenderFunc(func(ctx context.Context, now time.Time, n idp.Notice) error {
			return mailer.Send(ctx, now, n.EventKey, n.Message)
		}),
		idp.ChannelSMS: job.SenderFunc(func(ctx context.Context, _ time.Time, n idp.Notice) error {
			return gateway.Send(ctx, n.EventKey, n.Message)
		}),
		idp.ChannelBackchannelLogout: job.SenderFunc(func(ctx context.Context, now time.Time, n idp.Notice) error {
			return h.sendLogout(ctx, now, n, deliverer)
		}),
	}, nil
}

// sendLogout makes the logout token when it is sent, so that it is fresh, and
// signed by a key that is published then.
func (h *house) sendLogout(ctx context.Context, now time.Time, n idp.Notice, d *event.Deliverer) error {
	if n.Logout == nil {
		return errors.New("logout notice without an address")
	}
	token, err := event.LogoutToken(now, h.cfg.Issuer, n, h.signClaims)
	if err != nil {
		return err
	}
	return d.Deliver(ctx, *n.Logout, token)
}

// permanent tells failures that another try cannot help.
func permanent(err error) bool {
	var sent *notify.Failure
	if errors.As(err, &sent) {
		return sent.Permanent
	}
	var delivered *event.Failure
	return errors.As(err, &delivered) && delivered.Permanent
}
