// Package procedures answers "what will I need?" before a person starts
// (DESIGN §3, RULES R1): for a procedure and a person the level held, the level
// required, and every way to close the gap with its time and cost, what one
// must own for it and what it will not open; for all procedures, which are open
// now, which are one step away, which need the identity proven, and which are
// not for this person and why. And it lists what agencies offer, for anybody.
//
// It decides nothing itself: each answer is assurance.Rules.Decide about the
// requirement that is in force. Nothing here changes anything.
//
// # In JSON
//
// The pages and what an agency gets with a person's access token have the same
// shape. GET /procedures/{agency}/{code}/path:
//
//	{
//	  "agency": "tax", "code": "3.77.01", "titles": {"en": "Income certificate", ...},
//	  "required": {"level": "substantial", "acr": "https://...", "max_age": 300},
//	  "held": {"level": "basic", "acr": "https://..."},
//	  "outcome": "pending",
//	  "missing": [{"axis": "login"}, {"axis": "identity", "stage": "confirmed"}],
//	  "ways": [{
//	    "steps": [
//	      {"action": "prove", "proofing": "letter", "soonest": 1209600, "latest": 3024000, "needs": ["address"]},
//	      {"action": "enrol", "method": "otp", "soonest": 180, "latest": 180, "needs": ["app"]}
//	    ],
//	    "soonest": 1209780, "latest": 3024180, "at_once": false, "not_open": ["3.77.02"]
//	  }],
//	  "start_uri": "https://tax.example.org/certificate",
//	  "in_person": {"texts": {"en": "...", ...}, "link": "https://..."}
//	}
//
// outcome is open (the person may go in now), pending (there is a way) or
// impossible (nothing that is offered leads there; then reason says why and
// reachable is the highest level that does have a way). Times are seconds. An
// agency is told of ways as of a person of whom nothing is known but what the
// token stands for: which authenticators the account has is not its business.
//
// GET /procedures?agency=&q=&after= and, with for=me, for the person:
//
//	{
//	  "procedures": [{
//	    "agency": "tax", "code": "3.77.01", "titles": {...}, "required": {...},
//	    "standing": "step", "soonest": 60, "latest": 60,
//	    "path": "/procedures/tax/3.77.01/path", "start_uri": "...", "in_person": {...}
//	  }],
//	  "next": "/procedures?after=tax%2F3.77.01&for=me"
//	}
//
// standing is there only with for=me: open, step (a login or an authenticator
// away), proofing (the identity must be proven), closed (with its reason).
package procedures
