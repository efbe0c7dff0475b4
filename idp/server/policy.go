package server

import (
	"context"
	"fmt"
	"slices"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/policy"
	"surety/idp/oidc/verified"
	accountstore "surety/idp/postgres/account"
	"surety/idp/postgres/desk"
	"surety/idp/profile"
)

// rules are the policy in force, and those that must agree with it.
func (h *house) rules() (assurance.Rules, error) { return h.policies.Rules() }

// policy is the one in force, for operators' use cases. Before the first start
// there is none yet, and the profile's is the one that will be.
func (h *house) policy() (assurance.Policy, error) {
	rules, err := h.policies.Rules()
	if idp.CodeOf(err) == idp.CodeNotFound {
		return h.profile.Policy, nil
	}
	return rules.Policy, err
}

// policyCases are the use cases about policies.
func (h *house) policyCases() *policy.Service {
	return policy.New(policy.Deps{
		Clock: h.now, Civil: h.civil, Parse: profile.ParsePolicy, Profile: h.profile.Name, InTx: h.db.InTx,
		Policies: desk.NewPolicies(h.db), Procedures: desk.NewProcedures(h.db), Clients: desk.NewClients(h.db),
		Standings: accountstore.New(h.db, h.ring), Audit: h.audit, Contacts: h.profile.Contacts, InForce: h.policy,
	})
}

// openPolicy makes sure that there is a policy in force and that this process
// can decide by it. On an empty system it is the profile's, at once.
func (h *house) openPolicy(ctx context.Context) error {
	source, err := profile.PolicySource(h.profile.Name)
	if err != nil {
		return err
	}
	inForce, err := h.policyCases().Begin(ctx, h.profile.Policy.Version, source)
	if err != nil {
		return fmt.Errorf("begin with the profile's policy: %w", err)
	}
	if inForce.Profile != h.profile.Name {
		return fmt.Errorf("the policy in force (version %d) belongs to profile %q and SURETY_PROFILE is %q: set SURETY_PROFILE=%s, or use another database",
			inForce.Version, inForce.Profile, h.profile.Name, inForce.Profile)
	}
	if _, err := h.policies.Rules(); err != nil {
		return fmt.Errorf("open policy: %w", err)
	}
	switch mine := h.profile.Policy.Version; {
	case mine > inForce.Version:
		h.log.Warn("the profile has a newer policy than the one in force; idp policy activate brings it into force",
			"profile", h.profile.Name, "in_force", inForce.Version, "profile_has", mine)
	case mine == inForce.Version && inForce.Source != string(source):
		h.log.Warn("the profile's policy is not the one in force, although it has the same version; "+
			"give it the next number, and idp policy activate brings it into force", "profile", h.profile.Name, "version", mine)
	}
	return nil
}

// ready reports whether this process can do its work: the database answers, and
// the policy in force is confirmed.
func (h *house) ready(ctx context.Context) error {
	if err := h.db.Ping(ctx); err != nil {
		return err
	}
	_, err := h.rules()
	return err
}

// shown is the policy in force as far as is known, for what is only displayed:
// that goes on also when the policy cannot be confirmed.
func (h *house) shown() assurance.Policy {
	if p, ok := h.policies.Current(); ok {
		return p
	}
	return h.profile.Policy
}

// acrs are the acr values of the policy in force, for the provider's metadata.
func (h *house) acrs() []string { return h.shown().ACRs() }

// proofings are the methods by which identities can be proven under that policy.
func (h *house) proofings() []assurance.ProofingMethod {
	var out []assurance.ProofingMethod
	for _, s := range h.shown().Steps {
		if s.Proves() && !slices.Contains(out, s.Proofing) {
			out = append(out, s.Proofing)
		}
	}
	return out
}

// verified is what answers for verified_claims are made with.
func (h *house) verified() verified.Source {
	return verified.Source{
		Framework: h.profile.TrustFramework, Zone: h.profile.TimeZone, Rules: h.rules, Procedures: h.procedures, Civil: h.civil,
	}
}
