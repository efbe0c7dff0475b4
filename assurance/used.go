package assurance

import "time"

// UsedAt is the use that the authenticator would make at that time.
func (a Authenticator) UsedAt(at time.Time) Use {
	proven := a.AMR
	if len(proven) == 0 {
		proven = usualAMR[a.Method]
	}
	return Use{
		Method: a.Method, At: at, Issuer: a.Issuer, AMR: proven, DependsOn: a.DependsOn,
		BoundLevel: a.BoundLevel, Cap: a.Cap, NotBefore: a.NotBefore,
	}
}
