// Package procedure holds what an agency publishes about its public services:
// a code, titles, the requirement that a person must meet, what data goes to
// the agency and on what basis, where the service begins, and how one gets it
// without an account (DESIGN §2, RULES R1, R10). Values and rules only: what
// keeps them and what asks for them is elsewhere.
//
// # Versions
//
// A procedure is published in versions. Each is valid from a moment of civil
// time until another, or without end; the newest whose time has come counts
// (At), whatever a request's URL says. A new requirement can so be announced
// before it holds. What a newer version has covered never comes back.
//
//	v1  |------------------------------------------------>
//	v2            |---------------|
//	v3                                   |---------------->  published ahead
//	    v1 counts | v2 counts     | none | v3 counts
//
// # Files
//
// An operator brings procedures in from a file (Parse): YAML or JSON, a list
// of entries with the keys of Procedure in JSON. For example:
//
//	# procedures.yaml
//	- agency: tax
//	  code: 3.77.01
//	  titles: {be: ..., ru: ..., uk: ..., en: Income certificate}
//	  requirement: {level: substantial, max_age: 5m, excluded_proofings: [letter]}
//	  scopes: [profile]
//	  claims:
//	    - {name: email, basis: consent, required: true}
//	    - {name: family_name, basis: law, reference: "Tax Code, 85", law: {be: ..., ru: ..., uk: ..., en: ...}}
//	  start_uri: https://tax.example.org/certificate
//	  in_person: {texts: {be: ..., ru: ..., uk: ..., en: ...}, link: https://tax.example.org/offices}
//	  valid_from: 2026-05-01
//
// The file is read strictly (package strict): every mistake at once, each with
// its line.
package procedure
