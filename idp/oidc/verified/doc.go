// Package verified answers requests for verified_claims (OpenID Connect for
// Identity Assurance 1.0; OpenID Identity Assurance Schema Definition 1.0):
// what of a person was proven, under which trust framework, how well, when and
// by what. Parse reads what an agency asks for, Source.Answer says it.
//
// Only values that somebody verified are ever told here, and only while a
// proofing counts that they came from: one that has ended, was revoked, or that
// a procedure of the request excludes supports nothing. Values are told apart by
// where they came from, so that none borrows the assurance of another: what the
// card confirmed is not told in the same breath as what a register knew.
//
//	where a value came from   the proofings that stand behind it
//	registry                  registry, letter
//	counter                   counter, appointment
//	certificate               eds, idcard
//	federated                 federated
//	imported                  imported
//
// assurance_level is the stage of the account that they support, standard or
// confirmed. time is the earliest moment that the answer rests on, so that it
// may be older than the newest proofing, and never newer than a value.
//
// # Evidence
//
//	proofing      evidence              details
//	counter       document              checks vpip and pvp; until when the document holds
//	registry      electronic_record     check data; record state_register
//	letter        electronic_record     check letter; record state_register
//	federated     electronic_record     check auth; record identity_provider
//	eds, idcard   electronic_signature  when it was made
//	appointment   vouch                 attestation digital_attestation
//	imported      none: nobody here saw any
//
// The names are those that the specification's working group lists, but for
// three of our own, which its list has no word for: the records state_register
// (one or more of the registers that the trust framework names) and
// identity_provider, and the check letter (a code that came by post). A number
// of a document or certificate is never evidence here: it is asked for as a
// claim, which a person is asked about.
//
// # What is left out
//
// An agency gets no element that it did not ask for. What is asked for and not
// known is left out; a claim that does not have a value asked for is left out;
// when something in verification is not as asked (value, values, max_age), the
// whole element is. It never makes a request fail. essential changes nothing.
// A birth date of which only the year is known is no verified claim, because
// the published schemas take none.
package verified
