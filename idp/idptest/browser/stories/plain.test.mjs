// The main job with less: without scripts, without styles, without a mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { openClient, request } from "../support/client.mjs";
import { enters, tabTo, types } from "../support/keyboard.mjs";
import { account, message, newEmail, sandbox } from "../support/sandbox.mjs";
import { asksAtAgency, isSignedIn, logsIn, names, password, registers } from "../support/steps.mjs";

let browser, office;
before(async () => {
  [browser, office] = await Promise.all([chrome(), openClient({})]);
});
after(() => browser?.close());

test("without JavaScript the main job works, and form_post shows a button", async () => {
  const hanna = await Person.arrives(browser, { js: false }), contact = newEmail();
  await asksAtAgency(hanna);
  await registers(hanna, contact);
  await hanna.presses("#allow");
  await isSignedIn(hanna, "Hanna Kavalenka");
  await hanna.presses("#logout");
  hanna.isAt(`${sandbox.agency}/signed-out`);
  await hanna.goes(request(sandbox.issuer, office, { response_mode: "form_post" }));
  await logsIn(hanna, { login: contact, password });
  await hanna.presses("#allow");
  assert.equal(await hanna.reads("#continue"), "Continue");
  await hanna.presses("#continue");
  assert.equal(await hanna.reads("#arrived"), "/callback");
  assert.ok(office.answers.at(-1).parameters.get("code"));
  await hanna.leaves();
});

// order lists what a reader without styles meets, in the order of the page.
const order = (page) => page.evaluate(() => [...document.querySelectorAll("main h1, main label, main input:not([type=hidden]), main button")]
  .filter((e) => e.checkVisibility()).map((e) => e.localName === "label" ? `label ${e.htmlFor}` : `${e.localName} ${e.id}`.trim()));

test("without styles and scripts, as in a text browser, forms are usable and in order", async () => {
  const hanna = await Person.arrives(browser, { js: false, css: false }), contact = newEmail();
  await asksAtAgency(hanna);
  const signIn = await order(hanna.page);
  assert.deepEqual(signIn, ["h1", "label login", "input login", "label password", "input password", "input shared", "label shared", "button continue", "button passkey", "button cancel"]);
  await registers(hanna, contact);
  const consent = await order(hanna.page);
  assert.deepEqual(consent.slice(0, 3), ["h1", "input share-name", "label share-name"]);
  assert.deepEqual(consent.slice(-2), ["button allow", "button deny"]);
  await hanna.presses("#allow");
  await isSignedIn(hanna, "Hanna Kavalenka");
  await hanna.leaves();
});

test("the main job by keyboard alone", async () => {
  const hanna = await Person.arrives(browser), contact = newEmail();
  await hanna.page.goto(sandbox.agency);
  await enters(hanna, "#login");
  await tabTo(hanna, ".skip");
  await hanna.page.keyboard.press("Enter");
  await enters(hanna, "#register");
  await types(hanna, { contact, terms: true });
  await hanna.page.keyboard.press("Tab");
  await enters(hanna, "#continue");
  await types(hanna, { code: "000" });
  await enters(hanna, "#continue");
  assert.equal(await hanna.page.evaluate(() => document.activeElement.id), "faults", "the reader is brought to what is wrong");
  await tabTo(hanna, '#faults a[href="#code"]');
  await hanna.page.keyboard.press("Enter");
  assert.equal(await hanna.page.evaluate(() => document.activeElement.id), "code");
  await hanna.page.keyboard.press("Control+A");
  await hanna.page.keyboard.type((await message(contact)).code);
  await Promise.all([hanna.page.waitForNavigation(), hanna.page.keyboard.press("Enter")]);
  await types(hanna, { ...names, password });
  await tabTo(hanna, '[aria-controls="password"]');
  await hanna.page.keyboard.press("Enter");
  assert.equal(await hanna.page.getAttribute("#password", "type"), "text", "Show shows the password");
  await enters(hanna, "#continue");
  await tabTo(hanna, "#share-email");
  await hanna.page.keyboard.press("Space");
  await enters(hanna, "#allow");
  await isSignedIn(hanna, "Hanna Kavalenka");
  assert.equal(await hanna.has('[data-claim="email"]'), false);
  await enters(hanna, "#logout");
  hanna.isAt(`${sandbox.agency}/signed-out`);
  await hanna.leaves();
});

test("the password box helps: hints of the keyboard, and a button that shows what was typed", async () => {
  const person = await Person.arrives(browser), who = account(12);
  await person.goes(`${sandbox.issuer}/sign-in`);
  await person.page.locator("#password").pressSequentially("гранит");
  await person.sees("You are typing Cyrillic letters", "#password-live");
  await person.looks();
  await person.page.locator("#password").fill("");
  assert.equal(await person.reads("#password-live"), "");
  await person.fills({ login: who.login, password: who.password });
  await person.page.getByRole("button", { name: "Show the password" }).click();
  assert.equal(await person.page.getAttribute("#password", "type"), "text");
  await person.page.getByRole("button", { name: "Hide the password" }).click();
  await person.presses("#continue");
  person.isAt("/account");
  await person.leaves();
});
