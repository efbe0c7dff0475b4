package desk

import (
	"context"
	"time"

	"surety/idp/procedure"
)

// Published pages over every version, of any agency, that counts at this civil
// time or will: what a next policy must not break (operator.Published). It
// begins after the given version, and leaves out what is switched off.
func (s *Procedures) Published(ctx context.Context, civil time.Time, after procedure.Procedure, limit int) ([]procedure.Procedure, error) {
	return readProcedures(ctx, s.db, selectProcedure+` AS p
		WHERE (agency, code, valid_from) > ($2, $3, $4)
			AND (valid_until IS NULL OR valid_until > $1)
			AND disabled_at IS NULL
			AND NOT EXISTS (
				SELECT
				FROM procedure newer
				WHERE newer.agency = p.agency
					AND newer.code = p.code
					AND newer.valid_from > p.valid_from
					AND newer.valid_from <= $1)
		ORDER BY agency, code, valid_from
		LIMIT $5`, civil, after.Agency, after.Code, after.ValidFrom, limit)
}
