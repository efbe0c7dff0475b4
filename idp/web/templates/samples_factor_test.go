package templates_test

import (
	"time"

	"surety/assurance"
	"surety/idp/web/templates"
)

// why is what most samples are asked for more for.
var why = templates.Why{Procedures: []string{"3.77.01 Income certificate"}, Required: "substantial", Held: "checked"}

// pixel is a picture of one dot: golden files show that a picture is there.
var pixel = []byte("\x89PNG\r\n\x1a\n")

func sampleWays() []assurance.Way {
	otp := assurance.Step{Action: assurance.ActionEnrol, Method: assurance.MethodOTP, Soonest: 5 * time.Minute, Latest: 5 * time.Minute, Needs: []string{"app"}}
	letter := assurance.Step{Action: assurance.ActionProve, Proofing: assurance.ProofingLetter, To: assurance.StageConfirmed, Soonest: 14 * 24 * time.Hour, Latest: 35 * 24 * time.Hour}
	return []assurance.Way{
		{Steps: []assurance.Step{otp}, Soonest: otp.Soonest, Latest: otp.Latest},
		{Steps: []assurance.Step{otp, letter}, Soonest: otp.Soonest + letter.Soonest, Latest: otp.Latest + letter.Latest},
	}
}

// stepUpSamples are the pages on which a person proves more.
func stepUpSamples() []sample {
	type t = templates.Templates
	ways := templates.NewWays(sampleWays())
	ways.Cards[0].Href = "/methods/otp?interaction=0190d8a2-0000-7000-8000-000000000001"
	ways.Cards[0].NotOpen, ways.Cards[1].NotOpen = []string{"4.77.01"}, []string{"3.80.02", "4.77.01"}
	wish, again, plain := why, why, templates.Why{}
	wish.Wish, wish.Procedures = true, nil
	again.Again, again.Procedures = true, []string{"3.77.01 Income certificate", "3.80.02 Tax return"}
	others := "/step-up?all=1&interaction=0190d8a2-0000-7000-8000-000000000001"
	sms := templates.CodeEntry{Channel: templates.BySMS, Contact: "+375 •• ••• •• 67", Attempt: "a1", Valid: 10 * time.Minute, ResendAfter: 30 * time.Second}
	sent := sms
	sent.Resent, sent.ResendAfter = true, 0
	asked := templates.Question{Attempt: "a1", Options: `{"publicKey":{"challenge":"AAAA"}}`}
	two := []templates.Phone{{ID: "1", Masked: "+375 •• ••• •• 67"}, {ID: "2", Masked: "+375 •• ••• •• 12"}}
	refused := func(reason, reachable string) templates.StepUp {
		return templates.StepUp{Why: why, Refused: &templates.Refused{Reason: reason, Reachable: reachable}}
	}
	return []sample{
		page("step-up", pending, (*t).StepUp, templates.StepUp{Why: why, Ways: ways, Identity: true}),
		page("step-up-login", all(pending, signedIn), (*t).StepUp, templates.StepUp{Why: again, Ways: ways}),
		page("step-up-wish", pending, (*t).StepUp, templates.StepUp{Why: wish, Ways: ways}),
		page("step-up-excluded", pending, (*t).StepUp, refused("excluded", "checked")),
		page("step-up-unknown", pending, (*t).StepUp, refused("unknown_level", "")),
		page("step-up-document", pending, (*t).StepUp, templates.StepUp{Why: why, Ways: ways, Excluded: []string{"proofing.letter", "method.sms"}, Identity: true, Document: true}),
		page("step-up-capacity", pending, (*t).StepUp, refused("capacity", "checked")),
		page("step-up-conflict", pending, (*t).StepUp, refused("conflict", "checked")),
		page("step-up-none", all(pending, inPerson), (*t).StepUp, refused("no_way", "basic")),
		page("step-up-otp", pending, (*t).StepUpOTP, templates.StepUpOTP{Why: why, Left: 9, Swap: "/step-up/otp?recovery=1", Others: others}),
		page("step-up-otp-wrong", all(pending, with("error.code.wrong", "code")), (*t).StepUpOTP, templates.StepUpOTP{Why: again}),
		page("step-up-otp-replace", nil, (*t).StepUpOTP, templates.StepUpOTP{Why: plain, Replace: true, Left: 1, Swap: "/step-up/otp?recovery=1"}),
		page("step-up-otp-own", nil, (*t).StepUpOTP, templates.StepUpOTP{Why: plain, Own: true, Left: 1, Swap: "/step-up/otp?recovery=1"}),
		page("step-up-recovery", all(pending, with("error.code.wrong", "code")), (*t).StepUpOTP, templates.StepUpOTP{Why: why, Recovery: true, Left: 9, Swap: "/step-up/otp"}),
		page("step-up-sms", pending, (*t).StepUpSMS, templates.StepUpSMS{Why: why, Phones: two[:1], Others: others}),
		page("step-up-sms-two", with("error.choice.required", "contact"), (*t).StepUpSMS, templates.StepUpSMS{Phones: two}),
		page("step-up-sms-code", pending, (*t).StepUpSMSCode, templates.StepUpSMSCode{Why: why, CodeEntry: sms, Others: others}),
		page("step-up-sms-code-again", all(pending, with("error.code.left", "code", "count", 2)), (*t).StepUpSMSCode, templates.StepUpSMSCode{Why: why, CodeEntry: sent}),
		page("step-up-passkey", pending, (*t).StepUpPasskey, templates.StepUpPasskey{Why: why, Question: asked, Others: others}),
		page("sign-in-passkey", pending, (*t).SignInPasskey, templates.SignInPasskey{Question: asked, Shared: true}),
		page("sign-in-sms", all(pending, with("error_contact_phone", "phone")), (*t).SignInSMS, templates.SignInSMS{Phone: "+375 29"}),
		page("sign-in-sms-code", returning, (*t).SignInSMSCode, sms),
		page("sign-in-every-way", returning, (*t).SignIn, templates.SignIn{Passkey: asked, SMS: true}),
	}
}

// methodSamples are the pages of a person's own ways to log in.
func methodSamples() []sample {
	type t = templates.Templates
	app := templates.OwnMethod{ID: "c1", Method: "otp", Since: day.AddDate(0, -1, 0), Last: day, Level: "checked"}
	key := templates.OwnMethod{ID: "c2", Method: "passkey", Name: "My phone", Since: day}
	asked := templates.Question{Attempt: "a1", Options: `{"publicKey":{"challenge":"AAAA"}}`}
	mail := templates.CodeEntry{Channel: templates.ByEmail, Contact: "a•••@example.org", Attempt: "a1", Valid: 10 * time.Minute}
	phone := mail
	phone.Channel, phone.Contact, phone.ResendAfter, phone.Resent = templates.BySMS, "+375 •• ••• •• 67", 30*time.Second, true
	anchors := []templates.Phone{{ID: "1", Masked: "+375 •• ••• •• 67"}, {ID: "2", Masked: "a•••@example.org"}}
	codes := []string{"7KQM-2XPL", "9VTA-4HJD"}
	return []sample{
		page("methods", signedIn, (*t).Methods, templates.Methods{
			Password: true, App: &app, Passkeys: []templates.OwnMethod{key}, Recovery: 9, Done: "removed",
			Phones: []templates.OwnPhone{{Masked: "+375 •• ••• •• 67"}, {Masked: "+375 •• ••• •• 12", Level: "basic"}},
		}),
		page("methods-bare", signedIn, (*t).Methods, templates.Methods{Password: true}),
		page("methods-full", signedIn, (*t).Methods, templates.Methods{App: &key, Full: true, Recovery: 1, Done: "otp"}),
		page("methods-bind", pending, (*t).MethodsBind, templates.MethodsBind{Contacts: anchors[:1], Level: "checked", Skip: "/methods/otp?skip=1"}),
		page("methods-bind-two", signedIn, (*t).MethodsBind, templates.MethodsBind{Contacts: anchors, Level: "basic", Skip: "/methods/passkey?skip=1", Passkey: true}),
		page("methods-bind-code", pending, (*t).MethodsBindCode, templates.MethodsBindCode{CodeEntry: mail, For: "otp", Skip: "/methods/otp?skip=1"}),
		page("methods-bind-code-again", with("error.code.wrong", "code"), (*t).MethodsBindCode, templates.MethodsBindCode{CodeEntry: phone, For: "passkey", Skip: "/methods/passkey?skip=1"}),
		page("methods-otp", pending, (*t).MethodsOTP, templates.MethodsOTP{Attempt: "a1", Key: "JBSW Y3DP EHPK 3PXP", URI: "otpauth://totp/Surety:anna?secret=JBSWY3DP", QR: pixel, Level: "checked"}),
		page("methods-otp-wrong", all(signedIn, with("error.code.wrong", "code")), (*t).MethodsOTP, templates.MethodsOTP{Attempt: "a1", Key: "JBSW Y3DP", URI: "otpauth://totp/x?secret=J", QR: pixel, Replace: true}),
		page("methods-codes", pending, (*t).MethodsCodes, templates.MethodsCodes{Codes: codes, Added: true, Next: "/continue?interaction=1"}),
		page("methods-codes-new", signedIn, (*t).MethodsCodes, templates.MethodsCodes{Codes: codes, Next: "/methods?done=codes"}),
		page("methods-recovery", signedIn, (*t).MethodsRecovery, templates.MethodsRecovery{Left: 3}),
		page("methods-recovery-none", signedIn, (*t).MethodsRecovery, templates.MethodsRecovery{}),
		page("methods-passkey", pending, (*t).MethodsPasskey, templates.MethodsPasskey{Question: asked, Name: "Firefox, Linux", Level: "basic"}),
		page("methods-passkey-wrong", all(with("error.passkey.answer", "passkey")), (*t).MethodsPasskey, templates.MethodsPasskey{Question: asked, Name: "My phone"}),
		page("methods-rename", all(signedIn, with("error.name.missing", "name")), (*t).MethodsRename, templates.MethodsRename{ID: "c2", Name: ""}),
		page("methods-remove", signedIn, (*t).MethodsRemove, templates.MethodsRemove{OwnMethod: app}),
		page("methods-remove-last", all(signedIn, with("error.factor.last", "confirm")), (*t).MethodsRemove, templates.MethodsRemove{OwnMethod: key, LastWay: true}),
	}
}

// inPerson adds what the agency says about its counter.
func inPerson(f *templates.Frame) {
	f.InPerson = &templates.InPerson{Text: "Tax office, 4 Market Square, Mon–Fri 9–17.", URI: "https://tax.example/offices"}
}

// returning is a visit that ends at another page of ours.
func returning(f *templates.Frame) { f.Return = "/methods/otp" }
