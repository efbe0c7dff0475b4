package grant

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"surety/idp/grant"
)

// issueSQL writes grant, code and audit event only if everything they rest on
// still stands: the session is open and the account's, the account may be used
// and has not been logged out everywhere, the consent was neither withdrawn nor
// superseded, the interaction (if there is one) is this browser's and pending.
const issueSQL = `
	WITH live AS (
		SELECT s.session_id
		FROM session s
		JOIN account a ON a.account_id = s.account_id
		WHERE s.session_id = $2
			AND s.ended_at IS NULL
			AND s.idle_expires_at > $1
			AND s.expires_at > $1
			AND a.account_id = $3
			AND a.state = 'active'
			AND a.tokens_valid_from <= $1
			AND ($4::uuid IS NULL OR EXISTS (
				SELECT FROM consent c
				WHERE c.consent_id = $4
					AND c.withdrawn_at IS NULL
					AND c.superseded_by IS NULL))
	), done AS (
		UPDATE interaction
		SET completed_at = $1, outcome = 'issued'
		WHERE interaction_id = $5
			AND browser_hash = $6
			AND completed_at IS NULL
			AND expires_at > $1
			AND EXISTS (SELECT FROM live)
		RETURNING interaction_id
	), go AS (
		SELECT session_id
		FROM live
		WHERE $5::uuid IS NULL OR EXISTS (SELECT FROM done)
	), granted AS (
		INSERT INTO oauth_grant (
			grant_id, client_id, account_id, session_id, consent_id,
			subject, sid, scopes, audience, offline,
			level, acr, amr, method, auth_time,
			requested_acr, max_age, policy_version, uses, claims,
			stage, agency, procedures,
			created_at, expires_at)
		SELECT $7, $8, $3, $2, $4,
			$9, $10, $11, $12, $13,
			$14, $15, $16, $17, $18,
			$19, $20, $21, $22, $23,
			$32, $33, $34,
			$1, $24
		FROM go
		RETURNING grant_id
	), code AS (
		INSERT INTO auth_code (code_hash, grant_id, redirect_uri, challenge, nonce, created_at, expires_at)
		SELECT $25, grant_id, $26, $27, $28, $1, $29
		FROM granted
	), touched AS (
		UPDATE session
		SET seen_at = $1, idle_expires_at = $30
		WHERE session_id = $2
			AND $30::timestamptz IS NOT NULL
			AND EXISTS (SELECT FROM go)
	), event AS (
		INSERT INTO audit_event (at, type, account_id, client_id, session_id, attrs)
		SELECT $1, 'grant.issued', $3, $8, $2, $31
		FROM granted
	)
	SELECT EXISTS (SELECT FROM granted)`

// Issue writes the last step of an authorization request.
//
// Errors: conflict when something it rests on no longer stands, and then
// nothing is written; unavailable.
func (s Store) Issue(ctx context.Context, i grant.Issue) error {
	g := i.Grant
	uses, err := json.Marshal(g.Uses)
	if err != nil {
		return fmt.Errorf("write uses of grant: %w", err)
	}
	attrs, err := json.Marshal(attrsOf(g))
	if err != nil {
		return fmt.Errorf("write audit of grant: %w", err)
	}
	return s.one(ctx, "issue code", issueSQL,
		i.Now, string(g.SessionID), string(g.AccountID), null(g.ConsentID), null(i.InteractionID), i.BrowserHash[:],
		string(g.ID), string(g.ClientID), g.Subject, g.SID, list(g.Scopes), list(g.Audience), g.Offline,
		string(g.Level), g.ACR, list(g.AMR), string(g.Method), g.AuthTime,
		list(g.RequestedACR), seconds(g.MaxAge), g.PolicyVersion, uses, nullJSON(g.Claims), g.ExpiresAt,
		i.Code.Hash[:], i.Code.RedirectURI, i.Code.Challenge, i.Code.Nonce, i.Code.ExpiresAt,
		nullTime(i.IdleExpiresAt), attrs,
		string(g.Stage), g.Agency, list(g.Procedures))
}

// attrsOf is what the audit tells of a grant.
func attrsOf(g grant.Grant) map[string]string {
	attrs := map[string]string{
		"grant_id": string(g.ID), "level": string(g.Level), "method": string(g.Method),
		"policy_version": strconv.Itoa(g.PolicyVersion), "scope": strings.Join(g.Scopes, " "),
	}
	if len(g.Procedures) > 0 {
		attrs["agency"], attrs["procedures"] = g.Agency, strings.Join(g.Procedures, " ")
	}
	return attrs
}

// list keeps nil from becoming NULL: the columns are lists, possibly empty.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

func seconds(d *time.Duration) any {
	if d == nil {
		return nil
	}
	return int32(*d / time.Second)
}

func nullJSON(b json.RawMessage) any {
	if len(b) == 0 {
		return nil
	}
	return []byte(b)
}
