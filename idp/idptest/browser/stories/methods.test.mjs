// People look after their own ways to log in, and log in by them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { App, confirmed, entersSentCode, isServed, opens, told } from "../support/factors.mjs";
import { lastTo, message, newPhone, sandbox } from "../support/sandbox.mjs";
import { logsIn, ownsAuthenticator } from "../support/steps.mjs";

const certificate = "3.30.01", key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

test("on a telephone: a passkey is added, named anew and removed, and recovery codes are made", async () => {
  const who = await confirmed({ totp: key }), app = new App(key), hanna = await Person.arrives(browser, { size: { width: 360, height: 740 } });
  await ownsAuthenticator(hanna);
  await hanna.goes(`${sandbox.issuer}/methods`);
  hanna.isAt("/sign-in");
  await logsIn(hanna, who);
  hanna.isAt("/methods");
  await hanna.turns();
  await hanna.presses("#add-passkey");
  hanna.isAt("/methods/bind");
  await hanna.turns();
  await hanna.presses("#skip");
  hanna.isAt("/methods/passkey");
  await hanna.sees("“Checked” at most");
  await hanna.turns();
  await hanna.sends({ name: "Old telephone" }, "#passkey");
  await hanna.sees("The passkey is added", "#done");
  await hanna.presses('a[href$="/rename"]');
  await hanna.turns();
  await hanna.sends({ name: "Kitchen tablet" });
  await hanna.sees("Passkey: Kitchen tablet");
  const before = await lastTo(who.login);
  await hanna.presses('section:has-text("Kitchen tablet") a[href$="/remove"]');
  await hanna.sees("You can no longer log in with it");
  await hanna.turns();
  await hanna.presses("#keep");
  await hanna.presses('section:has-text("Kitchen tablet") a[href$="/remove"]');
  await hanna.presses("#remove");
  await hanna.sees("The way to log in is removed", "#done");
  assert.ok(!(await hanna.reads()).includes("Kitchen tablet"));
  await told(who.login, /passkey was removed/, before);

  await hanna.presses("#new-codes");
  await hanna.turns();
  await hanna.presses("#continue");
  await hanna.sees("Before you change how you log in", ".inset");
  await hanna.turns();
  await hanna.sends({ code: app.code() });
  await hanna.presses("#continue");
  assert.equal(await hanna.page.locator("#codes li").count(), 10);
  assert.ok(await hanna.page.locator("#print").isVisible());
  await hanna.presses("#continue");
  await hanna.sees("You have 10 codes left");
  await hanna.presses('section:has-text("Authenticator app") a[href$="/remove"]');
  await hanna.sees("recovery codes stop working");
  await hanna.presses("#remove");
  assert.equal(await hanna.has("#new-codes"), false);
  await hanna.leaves();
});

test("a new app takes the place of the old one, whose code is asked for first", async () => {
  const who = await confirmed({ totp: key }), old = new App(key), hanna = await Person.arrives(browser);
  await hanna.goes(`${sandbox.issuer}/methods/otp`);
  await logsIn(hanna, who);
  hanna.isAt("/step-up/otp");
  await hanna.sees("Before another one takes its place", ".inset");
  await hanna.sends({ code: old.code() });
  await hanna.presses("#skip");
  hanna.isAt("/methods/otp");
  await hanna.sees("stops working as soon as this one is added", ".inset");
  await hanna.turns();
  const fresh = new App(await hanna.page.locator("#key").textContent());
  await hanna.sends({ code: fresh.wrong() });
  await hanna.sees(/./, "#code-fault");
  assert.equal(await hanna.page.locator("#key").textContent().then((text) => new App(text).secret.equals(fresh.secret)), true, "the app keeps its key");
  await hanna.sends({ code: fresh.code() });
  await hanna.presses("#continue");
  hanna.isAt("/methods");
  await hanna.leaves();
});

test("a code by text message opens an account and no more; the password opens the service", async () => {
  const phone = newPhone(), who = await confirmed({ contact: phone, contacts: [], anchored: true }), hanna = await Person.arrives(browser);
  await opens(hanna, "1.10.01");
  await hanna.presses("#by-sms");
  await hanna.turns();
  await hanna.sends({ phone: "12" }, "#send");
  await hanna.sees(/./, "#phone-fault");
  await hanna.fills({ phone });
  const before = await lastTo(phone);
  await hanna.presses("#send");
  hanna.isAt("/sign-in/sms/code");
  const { code } = await message(phone, before);
  await hanna.turns();
  await hanna.sends({ code: code === "000000" ? "000001" : "000000" });
  await hanna.sees(/./, "#code-fault");
  await hanna.sends({ code });
  await isServed(hanna, "1.10.01", "basic");
  await opens(hanna, certificate);
  hanna.isAt("/sign-in");
  await logsIn(hanna, { ...who, login: phone });
  await isServed(hanna, certificate, "substantial");
  await hanna.leaves();
});

test("a passkey that is refused, unknown or asked for without scripts says what else can be done", async () => {
  const who = await confirmed(), hanna = await Person.arrives(browser), device = await ownsAuthenticator(hanna);
  await opens(hanna, certificate, who);
  await hanna.presses('#ways a[href*="/methods/passkey"]');
  await entersSentCode(hanna, who.phone);
  await device.person(false);
  await hanna.page.locator("#passkey").click();
  await hanna.page.locator("#passkey-fault:visible").waitFor();
  await device.person(true);
  await hanna.presses("#passkey");
  await isServed(hanna, certificate, "substantial");
  await hanna.goes(`${sandbox.issuer}/methods/passkey?skip=1`);
  await hanna.page.locator("#passkey").click();
  await hanna.page.locator("#passkey-fault:visible").waitFor();
  await hanna.sees("already", "#passkey-fault"); // one device, one passkey

  const stranger = await Person.arrives(browser);
  await ownsAuthenticator(stranger);
  await stranger.goes(`${sandbox.issuer}/sign-in/passkey`);
  await stranger.turns();
  await stranger.page.locator("#passkey").click();
  await stranger.page.locator("#passkey-fault:visible").waitFor();
  await stranger.presses("#sign-in");
  stranger.isAt("/sign-in");

  const plain = await Person.arrives(browser, { js: false });
  await plain.goes(`${sandbox.issuer}/sign-in`);
  await plain.presses("#passkey");
  plain.isAt("/sign-in/passkey");
  await plain.sees("A passkey needs JavaScript");
  await Promise.all([hanna.leaves(), stranger.leaves(), plain.leaves()]);
});
