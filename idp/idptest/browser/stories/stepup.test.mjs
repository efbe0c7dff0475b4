// A procedure that needs more than a password: what is missing is asked for,
// and nothing else; then the agency's API lets the person in.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { addsApp, App, confirmed, entersSentCode, isServed, opens, sample, told } from "../support/factors.mjs";
import { lastTo, sandbox, sql } from "../support/sandbox.mjs";
import { logsIn, ownsAuthenticator } from "../support/steps.mjs";

const certificate = "3.30.01", benefit = "3.30.02";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

test("password, then an authenticator app bound by a code to the phone of the counter: the birth certificate", async () => {
  const who = sample("vera@example.org"), vera = await Person.arrives(browser);
  await opens(vera, certificate, who);
  vera.isAt("/step-up");
  await vera.sees("Town registry office (sample) must be surer that it is you", "#why");
  await vera.sees("Copy of a birth certificate", "#why");
  await vera.presses('#ways a[href*="/methods/otp"]');
  vera.isAt("/methods/bind");
  await entersSentCode(vera, who.phone);
  const before = await lastTo(who.login);
  const { app } = await addsApp(vera);
  await vera.sees("It counts wherever");
  await vera.presses("#continue");
  await isServed(vera, certificate, "substantial");
  assert.equal(await vera.reads("#level"), "Substantial");
  await told(who.login, /authenticator app/, before);
  await vera.leaves();

  const again = await Person.arrives(browser);
  await opens(again, certificate, who);
  again.isAt("/step-up");
  await again.presses('#ways a[href*="/step-up/otp"]');
  assert.equal(await again.has("#password"), false, "the password is not asked for twice");
  await again.sends({ code: app.code() });
  await isServed(again, certificate, "substantial");
  await again.leaves();
});

test("password, then a passkey bound by a code; later the passkey alone opens the service without another page", async () => {
  const who = await confirmed(), hanna = await Person.arrives(browser);
  await ownsAuthenticator(hanna);
  await opens(hanna, certificate, who);
  await hanna.presses('#ways a[href*="/methods/passkey"]');
  hanna.isAt("/methods/bind");
  await entersSentCode(hanna, who.phone);
  await hanna.sends({ name: "My telephone" }, "#passkey");
  await isServed(hanna, certificate, "substantial");
  await hanna.goes(`${sandbox.issuer}/methods`);
  await hanna.sees("My telephone");
  await hanna.goes(`${sandbox.issuer}/account`);
  await hanna.presses("#logout");

  await hanna.goes(`${sandbox.agency}/`);
  await hanna.page.context().clearCookies({ domain: "localhost" });
  await opens(hanna, certificate);
  hanna.isAt("/sign-in");
  await hanna.presses("#passkey");
  await isServed(hanna, certificate, "substantial");
  await hanna.leaves();
});

test("a wrong code, a code that was used, and a recovery code, in Ukrainian", async () => {
  const who = sample("nina@example.org"), app = new App(who.totp), nina = await Person.arrives(browser, { lang: "uk" });
  await opens(nina, certificate, who);
  await nina.presses('#ways a[href*="/step-up/otp"]');
  await nina.sends({ code: app.wrong() });
  await nina.sees(/./, "#code-fault");
  const code = app.code();
  await nina.sends({ code: `${code.slice(0, 3)} ${code.slice(3)}` });
  await isServed(nina, certificate, "substantial");
  await nina.leaves();

  const home = await Person.arrives(browser, { lang: "uk" });
  await home.goes(`${sandbox.issuer}/sign-in`);
  await logsIn(home, who);
  await home.goes(`${sandbox.issuer}/methods/recovery-codes`);
  await home.presses("#continue");
  home.isAt("/step-up/otp"); // a password alone must not make what stands in for the app
  await home.sends({ code: app.code() });
  await home.presses("#continue");
  const codes = await home.page.locator("#codes li").allInnerTexts();
  assert.equal(codes.length, 10);

  for (const [n, recovery] of [codes[0], codes[1]].entries()) {
    const paper = await Person.arrives(browser, { lang: "uk" });
    await opens(paper, certificate, who);
    await paper.presses('#ways a[href*="/step-up/otp"]');
    await paper.sends({ code });
    await paper.sees(/./, "#code-fault"); // it was used
    await paper.presses("#swap");
    if (n > 0) {
      await paper.sends({ code: codes[0] });
      await paper.sees(/./, "#code-fault"); // so was this
    }
    await paper.sends({ code: recovery.toLowerCase().replaceAll("-", " ") });
    await isServed(paper, certificate, "substantial");
    await paper.leaves();
  }
  await home.leaves();
});

test("a service that wants a log-in of the last five minutes: one that is older is asked for once more", async () => {
  const who = await confirmed({ totp: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" }), app = new App("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), hanna = await Person.arrives(browser);
  await opens(hanna, certificate, who);
  await hanna.presses('#ways a[href*="/step-up/otp"]');
  await hanna.sends({ code: app.code() });
  await isServed(hanna, certificate, "substantial");
  await sql(`UPDATE session SET uses = (SELECT jsonb_agg(u || jsonb_build_object('at', (u->>'at')::timestamptz - interval '6 minutes')) FROM jsonb_array_elements(uses) u)
    WHERE account_id = '${who.id}'`);
  await opens(hanna, benefit);
  hanna.isAt("/sign-in");
  await hanna.sees("log in once more");
  await logsIn(hanna, who);
  hanna.isAt("/step-up");
  await hanna.presses('#ways a[href*="/step-up/otp"]');
  await hanna.sends({ code: app.code() });
  await isServed(hanna, benefit, "substantial");
  await opens(hanna, benefit);
  await isServed(hanna, benefit, "substantial"); // and not asked again meanwhile
  await hanna.leaves();
});
