package authorize

import (
	"context"
	"errors"
	"slices"

	"surety/assurance"
	"surety/idp"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/details"
	"surety/idp/procedure"
)

// readDetails reads authorization_details (RFC 9396): which procedures the
// request is for. Whose they are and what they require is not the client's to
// say; what they bring is added to what the client asks for itself.
func (e *Endpoint) readDetails(ctx context.Context, a *asked) *oidc.Fault {
	if !a.form.Has(details.Parameter) {
		return nil
	}
	codes, fault := details.Parse(a.form.Get(details.Parameter), "")
	if fault != nil {
		return fault
	}
	a.request.Agency, a.request.Procedures = a.client.OfAgency(), codes
	if fault := e.findProcedures(ctx, a); fault != nil {
		return fault
	}
	for _, p := range a.procedures {
		a.request.Scopes = join(a.request.Scopes, p.Scopes)
	}
	return nil
}

// join adds the scopes that a procedure brings. Like a client's own they are
// registered by the operator. Two of them say what kind of tokens a client
// wants, and that is for the client alone to say.
func join(scopes, brought []string) []string {
	for _, s := range brought {
		if s != claims.ScopeOpenID && s != claims.ScopeOffline && !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// findProcedures looks up what the procedures of the request are at this
// moment. It asks again at every step: what counts is what is in force when
// the code is issued.
func (e *Endpoint) findProcedures(ctx context.Context, a *asked) *oidc.Fault {
	a.procedures = nil
	if len(a.request.Procedures) == 0 {
		return nil
	}
	if a.request.Agency != a.client.OfAgency() { // registered anew meanwhile
		return details.Unknown(a.request.Procedures[0])
	}
	found, err := e.Procedures.InForce(ctx, a.request.Agency, a.request.Procedures, e.Civil())
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return details.Unknown(codeIn(err)).Because(err)
	case err != nil:
		return oidc.FaultOf(err)
	}
	a.procedures = found
	return nil
}

// codeIn is the code of the procedure that an error is about.
func codeIn(err error) string {
	var coded idp.Coded
	if errors.As(err, &coded) {
		code, _ := coded.MessageArgs()["code"].(string)
		return code
	}
	return ""
}

// requirements are what the procedures require.
func requirements(procedures []procedure.Procedure) []assurance.Requirement {
	out := make([]assurance.Requirement, len(procedures))
	for i, p := range procedures {
		out[i] = p.Requirement
	}
	return out
}
