// Package stepup is the pages on which a person proves more than they have so
// far, in a live session:
//
//	/step-up                   why, for which agency and service; the ways, soonest first
//	/step-up/otp               a code of the authenticator app, or a recovery code
//	/step-up/sms               where to send a code
//	  /step-up/sms/code        the code that was sent, and /resend
//	/step-up/passkey           a passkey
//
// Each takes the pending request as the parameter interaction and returns to
// the dispatcher, which knows what comes next. Without a request the pages of
// factors return to where the person came from: using a factor after a stronger
// log-in raises what it counts for. Which ways there are is for the policy to
// say; here a way only gets the address at which it begins.
package stepup
