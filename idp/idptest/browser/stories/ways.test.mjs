// What a person is shown who does not have what a procedure needs, before they
// start and when they are there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { confirmed, entersSentCode, isServed, opens, sample } from "../support/factors.mjs";
import { sandbox } from "../support/sandbox.mjs";
import { logsIn } from "../support/steps.mjs";

const certificate = "3.30.01", tax = "3.40.01";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

test("a person whose identity is not confirmed is shown what it takes, and the agency learns what is missing, in Belarusian", async () => {
  const who = sample("anna@example.org"), anna = await Person.arrives(browser, { lang: "be" });
  await opens(anna, certificate, who);
  anna.isAt("/step-up");
  assert.ok(await anna.page.locator("#ways .card").count() >= 3, "several ways");
  assert.equal(await anna.has('#ways a[href*="/step-up/"]'), false, "nothing that leads nowhere");
  await anna.turns();
  await anna.presses("#decline");
  await anna.sees("unmet_authentication_requirements", "#error");
  const missing = await anna.page.locator("#missing li").evaluateAll((all) => all.map((e) => e.dataset.missing));
  assert.ok(missing.includes("missing_identity"), `${missing}`);
  await anna.presses("#again");
  anna.isAt("/step-up");
  await anna.goes(`${sandbox.issuer}/procedures?for=me`);
  await anna.sees("Паўторнае пасведчанне аб нараджэнні", "#proofing + ul");
  await anna.leaves();
});

test("a service that does not accept a letter says so, and shows the other ways, in Russian", async () => {
  const who = sample("lev@example.org"), lev = await Person.arrives(browser, { lang: "ru" });
  await opens(lev, certificate, who);
  await lev.presses('#ways a[href*="/step-up/sms"]');
  await entersSentCode(lev, who.phone);
  await isServed(lev, certificate, "substantial");
  await opens(lev, tax);
  lev.isAt("/step-up");
  await lev.sees(/Не принимается:\s+Письмо с кодом/, ".pairs");
  assert.equal(await lev.has('#ways a[href*="/step-up/"], #ways a[href*="/methods/"]'), false, "no log-in replaces a visit");
  assert.ok(await lev.page.locator("#ways .card").count() >= 2);
  await lev.presses("#decline");
  await lev.sees("unmet_authentication_requirements", "#error");
  await lev.leaves();
});

test("a document that ended closes what asks for one that is valid, and never the service that replaces it", async () => {
  const pavel = await Person.arrives(browser, { lang: "be" }), who = sample("pavel@example.org");
  await opens(pavel, "3.50.01", who);
  await pavel.presses('#ways a[href*="/step-up/sms"]');
  await entersSentCode(pavel, who.phone);
  await isServed(pavel, "3.50.01", "substantial");
  await pavel.leaves();

  const late = await confirmed({ proofings: [{ method: "counter", days_ago: 3000, document_in_days: -2 }] }), hanna = await Person.arrives(browser);
  await opens(hanna, "3.50.01", late);
  await hanna.sees("A valid document is needed", "h1");
  await opens(hanna, "3.50.02");
  await hanna.presses('#ways a[href*="/step-up/sms"]');
  await entersSentCode(hanna, late.phone);
  await isServed(hanna, "3.50.02", "substantial");
  await hanna.leaves();
});

test("what an agency only wishes for may be left out", async () => {
  const who = await confirmed(), hanna = await Person.arrives(browser);
  const wish = `${sandbox.agency}/login?acr_values=https://surety.example/demo/level/substantial`;
  await hanna.goes(wish);
  await logsIn(hanna, who);
  hanna.isAt("/step-up");
  await hanna.sees("would like to be surer", "#why");
  await hanna.presses("#decline");
  await hanna.presses("#allow");
  assert.equal(await hanna.reads("#level"), "Checked");
  await hanna.goes(wish);
  await hanna.presses('#ways a[href*="/step-up/sms"]');
  await entersSentCode(hanna, who.phone);
  assert.equal(await hanna.reads("#level"), "Substantial");
  await hanna.leaves();
});

test("a service for organisations says why it is closed to a person, and the highest level takes a card", async () => {
  const maria = await Person.arrives(browser), who = sample("maria@example.org");
  await opens(maria, "2.20.01", who);
  await isServed(maria, "2.20.01", "checked"); // a password is enough
  await opens(maria, "3.60.01");
  maria.isAt("/step-up");
  await maria.sees("only for those who act on behalf of somebody else");
  await maria.presses("#decline");
  await maria.sees("cannot be opened online", "#unmet");
  await opens(maria, "4.77.01");
  await maria.sees("ID card", "#ways");
  await maria.leaves();
});

test("what will I need: the services by how near they are, and what one of them takes", async () => {
  const who = await confirmed(), hanna = await Person.arrives(browser);
  await hanna.goes(`${sandbox.issuer}/procedures`);
  await hanna.turns();
  await hanna.presses("ul.offers a");
  await hanna.sees("Copy of a birth certificate");
  await hanna.goes(`${sandbox.issuer}/procedures?for=me`);
  hanna.isAt("/sign-in");
  await logsIn(hanna, who);
  hanna.isAt("/procedures");
  await hanna.sees("Book an appointment", "#open + ul");
  await hanna.sees("Copy of a birth certificate", "#step + ul");
  await hanna.sees("only for those who act on behalf", "#closed + ul");
  await hanna.turns();
  await hanna.fills({ q: "3.40" });
  await hanna.presses('[role="search"] button');
  await hanna.presses("ul.offers a");
  hanna.isAt(`/procedures/agency/${tax}/path`);
  await hanna.sees(/It does not accept:\s+Letter with a code/, ".pairs");
  await hanna.turns();

  await hanna.goes(`${sandbox.issuer}/procedures/agency/${certificate}/path`);
  await hanna.sees("Substantial", ".pairs");
  await hanna.presses('#ways a[href*="/methods/otp"]');
  hanna.isAt("/methods/bind"); // what is added here leads back
  await hanna.goes(`${sandbox.issuer}/procedures/agency/${certificate}/path`);
  await hanna.presses("#start");
  hanna.isAt("/step-up");
  await hanna.presses('#ways a[href*="/step-up/sms"]');
  await entersSentCode(hanna, who.phone);
  await isServed(hanna, certificate, "substantial");
  await hanna.goes(`${sandbox.issuer}/procedures/agency/${certificate}/path`);
  await hanna.sees("You can begin now");
  await hanna.leaves();
});
