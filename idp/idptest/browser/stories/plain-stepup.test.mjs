// A procedure that needs more than a password, with less: without scripts, and
// without a mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { addsApp, App, confirmed, entersSentCode, isServed, opens } from "../support/factors.mjs";
import { enters, tabTo, types } from "../support/keyboard.mjs";
import { lastTo, message, newPhone, sandbox } from "../support/sandbox.mjs";
import { logsIn } from "../support/steps.mjs";

const certificate = "3.30.01";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

test("without JavaScript: an app is added, its codes and a text message open the service, a passkey says what it needs", async () => {
  const who = await confirmed(), hanna = await Person.arrives(browser, { js: false });
  await opens(hanna, certificate, who);
  await hanna.presses('#ways a[href*="/methods/passkey"]');
  await hanna.presses("#skip");
  await hanna.sees("A passkey needs JavaScript");
  await opens(hanna, certificate);
  await hanna.presses('#ways a[href*="/methods/otp"]');
  await entersSentCode(hanna, who.phone);
  const { app, codes } = await addsApp(hanna);
  assert.equal(await hanna.page.locator("#print").isVisible(), false, "no button that does nothing");
  await hanna.presses("#continue");
  await isServed(hanna, certificate, "substantial");
  await hanna.goes(`${sandbox.issuer}/methods`);
  await hanna.presses("#new-codes");
  await hanna.presses("#keep");
  await hanna.leaves();

  const again = await Person.arrives(browser, { js: false });
  await opens(again, certificate, who);
  await again.presses('#ways a[href*="/step-up/otp"]');
  await again.sends({ code: app.code() });
  await isServed(again, certificate, "substantial");
  await again.leaves();

  const paper = await Person.arrives(browser, { js: false });
  await opens(paper, certificate, who);
  await paper.presses('#ways a[href*="/step-up/otp"]');
  await paper.presses("#swap");
  await paper.sends({ code: codes[3] });
  await isServed(paper, certificate, "substantial");
  await paper.leaves();
});

test("without JavaScript: logging in by text message", async () => {
  const phone = newPhone();
  await confirmed({ contact: phone, contacts: [] });
  const hanna = await Person.arrives(browser, { js: false });
  await hanna.goes(`${sandbox.issuer}/sign-in`);
  await hanna.presses("#by-sms");
  await hanna.fills({ phone });
  await entersSentCode(hanna, phone);
  hanna.isAt("/account");
  await hanna.leaves();
});

test("by keyboard alone: from the service through a new app and back to it", async () => {
  const who = await confirmed(), hanna = await Person.arrives(browser);
  await hanna.page.goto(`${sandbox.agency}/`);
  await enters(hanna, `[data-code="${certificate}"]`);
  await types(hanna, { login: who.login, password: who.password });
  await enters(hanna, "#continue");
  hanna.isAt("/step-up");
  await enters(hanna, '#ways a[href*="/methods/otp"]');
  const before = await lastTo(who.phone);
  await enters(hanna, "#send");
  await types(hanna, { code: (await message(who.phone, before)).code });
  await Promise.all([hanna.page.waitForNavigation(), hanna.page.keyboard.press("Enter")]);
  await tabTo(hanna, "summary");
  await hanna.page.keyboard.press("Enter");
  const app = new App(await hanna.reads("#key"));
  await types(hanna, { code: app.wrong() });
  await enters(hanna, "#continue");
  assert.equal(await hanna.page.evaluate(() => document.activeElement.id), "faults", "the reader is brought to what is wrong");
  await types(hanna, { code: app.code() });
  await enters(hanna, "#continue");
  assert.equal(await hanna.page.locator("#codes li").count(), 10);
  await enters(hanna, "#continue");
  await enters(hanna, "#allow");
  await isServed(hanna, certificate, "substantial");
  await hanna.leaves();

  const again = await Person.arrives(browser);
  await again.page.goto(`${sandbox.agency}/procedures/${certificate}`);
  await logsIn(again, who);
  await enters(again, '#ways a[href*="/step-up/otp"]');
  await types(again, { code: app.code() });
  await enters(again, "#continue");
  await isServed(again, certificate, "substantial");
  await again.leaves();
});
