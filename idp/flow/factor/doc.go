// Package factor holds the use cases of what a person logs in with besides a
// password: an authenticator app with recovery codes, codes by SMS, passkeys.
// How they are added, used, named and removed, and how somebody signs in by a
// passkey or an SMS alone.
//
//	page                 shows it                           takes the answer
//	/methods             Methods                            Rename
//	  add an app         BeginOTP, OTPAgain (same key)      AddOTP
//	  add a passkey      BeginPasskey                       AddPasskey
//	  count fully        SendBindCode, BindCode             ResendBindCode, ConfirmBindCode
//	  recovery codes     Methods                            NewRecoveryCodes
//	  remove             Removal                            Remove
//	/step-up/otp                                            UseOTP
//	/step-up/sms         SendSMS, SMS                       ResendSMS, UseSMS
//	/step-up/passkey     AskPasskey                         UsePasskey
//	sign in by SMS       BeginSMSSignIn, SMSSignIn          ResendSMSSignIn, SignInBySMS
//	sign in by passkey   AskToSignIn                        SignInByPasskey
//
// Begin..., Ask..., Methods, Removal, SMS, BindCode and SMSSignIn change
// nothing and may be asked by GET; what sends a code is a POST that leads to
// the page of its ID. Wherever a Ticket comes back the browser gets a new
// secret (Site.LogIn), also after adding a method: what was typed to add it
// counts as its first use, so that nobody waits for the app's next code.
//
// # What a method counts for
//
// A method that a session adds counts for no more than that session proved by
// its log-ins of the last ten minutes (bound_level, DESIGN §3). A stolen
// password that adds an app and a passkey therefore gains nothing, however
// often it logs in with both. The limit is lifted in two ways:
//
//   - In this enrolment a code was entered that went to a contact which was
//     confirmed together with the person's identity and stands unchanged. Then
//     there is no limit, but for thirty days the method depends on that contact:
//     with a password that was reset through it, both are one factor.
//   - It is used in a session whose other uses reach a higher level. Then its
//     limit rises to that, in the same unit of work.
//
// # What must not happen twice
//
// A step of an app's clock is taken by one conditional UPDATE that asks for a
// later step than the last one taken; a recovery code, an SMS code and the
// answer to a passkey's challenge each by one that asks whether it was taken.
// Tries of short codes are taken, and kept, before anything is compared.
//
// # Removing
//
// The uses of a removed method are taken out of all live sessions and grants
// in the same unit of work. A session that is left without any use ends and its
// agencies are told. So a session that rests on other uses as well goes on, at
// the level that those reach.
//
// # Known and unknown
//
// Signing in by SMS does the same for a number that somebody logs in with and
// for one that nobody does: the same statements, one row, one message, one
// answer. Only the message differs, and it goes to the owner of the number.
package factor
