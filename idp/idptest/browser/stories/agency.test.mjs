// What people meet on the way between an agency and Surety.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { openClient, request } from "../support/client.mjs";
import { account, message, newEmail, sandbox, sql } from "../support/sandbox.mjs";
import { asksAtAgency, entersAgency, isSignedIn, logsIn, names, password, registersContact } from "../support/steps.mjs";

let browser, office;
before(async () => {
  [browser, office] = await Promise.all([chrome(), openClient({ token_endpoint_auth_method: "client_secret_basic" })]);
});
after(() => browser?.close());

test("consent denied leads back to the agency, which says that nothing was sent", async () => {
  const person = await Person.arrives(browser), who = account(5);
  await asksAtAgency(person);
  await logsIn(person, who);
  person.isAt("/consent");
  await person.presses("#deny");
  assert.equal(await person.reads("#error"), "access_denied");
  await person.sees("Nothing was sent", "#problem");
  await person.presses("#again");
  person.isAt("/consent");
  await person.presses("#allow");
  await isSignedIn(person, who.name);
  await person.leaves();
});

test("values left out are not sent, and what is not known is said not to be", async () => {
  const person = await Person.arrives(browser), who = account(6);
  await asksAtAgency(person);
  await logsIn(person, who);
  await person.sees(who.login, "fieldset");
  await person.sees("Phone", "#unknown");
  assert.equal(await person.has("#share-phone_number"), false, "nothing to tick where there is nothing to send");
  await person.page.setChecked("#share-email", false);
  await person.presses("#allow");
  await isSignedIn(person, who.name);
  assert.equal(await person.has('[data-claim="email"]'), false);
  await person.goes(`${sandbox.agency}/login?prompt=consent`);
  assert.equal(await person.page.isChecked("#share-email"), false, "the answer is remembered");
  await person.page.setChecked("#share-email", true);
  await person.presses("#allow");
  assert.equal(await person.reads('[data-claim="email"]'), who.login);
  await person.leaves();
});

test("leaving without logging in leads back to the agency", async () => {
  const person = await Person.arrives(browser);
  await asksAtAgency(person);
  await person.presses("#cancel");
  assert.equal(await person.reads("#error"), "access_denied");
  await person.leaves();
});

test("select_account offers the account, and another one", async () => {
  const person = await Person.arrives(browser), who = account(7), other = account(8);
  await entersAgency(person, who);
  await person.goes(`${sandbox.agency}/login?prompt=select_account`);
  await person.sees(`Continue as ${who.name}`);
  await person.presses("#continue");
  await isSignedIn(person, who.name);
  await person.goes(`${sandbox.agency}/login?prompt=select_account`);
  await person.presses("#other");
  await logsIn(person, other);
  await person.presses("#allow");
  await isSignedIn(person, other.name);
  await person.leaves();
});

// saysKindly checks an error page: what happened, and the reference.
const saysKindly = async (person, text) => {
  await person.sees(text, "h1");
  assert.match(await person.reads("#reference"), /^[0-9A-Z]{4,}/);
};

test("links that were used, cut off or made up say so", async () => {
  const hanna = await Person.arrives(browser), contact = newEmail();
  await asksAtAgency(hanna);
  await registersContact(hanna, contact);
  const { code, links: [link] } = await message(contact);
  await hanna.sends({ code });
  await hanna.sends({ ...names, password });
  for (const address of [link, link.slice(0, -5), `${sandbox.issuer}/register/link?t=`, `${sandbox.issuer}/recover/link?t=made-up`]) {
    await hanna.goes(address);
    await saysKindly(hanna, /\w/);
    await hanna.sees("What you can do");
  }
  await hanna.goes(`${sandbox.issuer}/register/details?attempt=01900000-0000-7000-8000-000000000000`);
  await saysKindly(hanna, /\w/);
  await hanna.goes(`${sandbox.issuer}/no-such-page`);
  await saysKindly(hanna, "There is no such page");
  await hanna.presses("#home");
  await hanna.leaves();
});

test("a request that took too long offers to begin again and the way back", async () => {
  const person = await Person.arrives(browser), who = account(9);
  await asksAtAgency(person);
  const id = new URL(person.page.url()).searchParams.get("interaction");
  assert.match(id, /^[0-9a-f-]{36}$/);
  await sql(`UPDATE interaction SET expires_at = created_at WHERE interaction_id = '${id}'`);
  await logsIn(person, who);
  await saysKindly(person, "Too much time has passed");
  assert.ok(await person.has("#return"), "a way back to the agency");
  await person.presses("#restart");
  if (await person.has("#password")) await logsIn(person, who);
  await person.presses("#allow");
  await isSignedIn(person, who.name);
  await person.leaves();
});

test("somebody else's request, and one that is done, lead nowhere", async () => {
  const hanna = await Person.arrives(browser), stranger = await Person.arrives(browser), who = account(10);
  await asksAtAgency(hanna);
  const pending = hanna.page.url();
  await stranger.goes(pending);
  await saysKindly(stranger, "Too much time has passed");
  assert.equal(await stranger.reads("#return"), "Back to Town registry office (sample)");
  await logsIn(hanna, who);
  const consent = hanna.page.url();
  await hanna.presses("#allow");
  await hanna.goes(consent);
  await saysKindly(hanna, "This is already done");
  await Promise.all([hanna.leaves(), stranger.leaves()]);
});

test("requests that no agency could make are explained", async () => {
  const person = await Person.arrives(browser);
  await person.goes(`${sandbox.issuer}/authorize?client_id=nobody&response_type=code`);
  await saysKindly(person, /\w/);
  await person.goes(request(sandbox.issuer, office, { redirect_uri: "https://evil.example/cb" }));
  await saysKindly(person, /\w/);
  await person.leaves();
});

test("an answer by form_post goes on by itself", async () => {
  const person = await Person.arrives(browser), who = account(11);
  await person.goes(request(sandbox.issuer, office, { response_mode: "form_post" }));
  await logsIn(person, who);
  await person.page.locator("#allow").click();
  await person.page.waitForURL(office.callback);
  const answer = office.answers.at(-1);
  assert.equal(answer.method, "POST");
  assert.equal(answer.parameters.get("state"), "s1");
  assert.equal(answer.parameters.get("iss"), sandbox.issuer);
  assert.ok(answer.parameters.get("code"));
  await person.leaves();
});
