// Package browser holds no Go code but the test that runs the stories of the
// README in headless Chromium: what people do, from the agency's button to the
// verified token, in a sandbox as `make run` starts it.
//
// The stories are in stories/*.test.mjs, for node's own test runner, with
// Playwright as the driver; support/ holds what they share. On the way every
// page is checked once: with axe-core against WCAG 2.2 A and AA in light and
// dark, on a phone and on a desk, for text that runs out of the window at 320
// pixels, and for anything that the page's Content-Security-Policy refused.
// npm's openid-client is one of the agencies.
//
//	go test ./idp/idptest/browser
//	UPDATE_SHOTS=1 go test ./idp/idptest/browser      only takes the pictures in shots/
//	STORIES=agency go test ./idp/idptest/browser -v   one file of stories
//	LOOK=$PWD/bin/pages go test ./idp/idptest/browser keeps a picture of every page that was met, in that folder
package browser
