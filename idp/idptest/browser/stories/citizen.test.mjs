// What citizens do: register, log in and out, come back after forgetting.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { account, lastTo, message, newEmail, newPhone, sandbox } from "../support/sandbox.mjs";
import { asksAtAgency, entersAgency, eventually, isSignedIn, logsIn, names, password, registers, registersContact } from "../support/steps.mjs";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

test("the main job: from the agency's button through registration by e-mail back to the agency", async () => {
  const hanna = await Person.arrives(browser), contact = newEmail();
  await asksAtAgency(hanna);
  hanna.isAt("/sign-in");
  await hanna.sees("Town registry office (sample)", ".context");
  await registersContact(hanna, contact);
  const { code, text } = await message(contact);
  assert.ok(text.includes("/register/link?t="), "the e-mail has the link as text");
  await hanna.sends({ code: code === "000000" ? "000001" : "000000" });
  await hanna.sees("5 tries left", "#faults");
  await hanna.sends({ code: ` ${code.slice(0, 3)} ${code.slice(3)}` });
  await hanna.sends({ ...names, password: "short" });
  await hanna.sees("12", "#password-fault");
  assert.equal(await hanna.page.inputValue("#family_name"), names.family_name, "what was typed is kept");
  await hanna.sends({ password });
  hanna.isAt("/consent");
  await hanna.sees(contact);
  await hanna.presses("#allow");
  await isSignedIn(hanna, "Hanna Kavalenka");
  assert.equal(await hanna.reads('#userinfo [data-claim="email"]'), contact);
  await hanna.goes(`${sandbox.issuer}/account`);
  await hanna.sees("Town registry office (sample)");
  await hanna.leaves();
});

test("registration by the link of the e-mail, opened in the same browser, and its button", async () => {
  const hanna = await Person.arrives(browser), contact = newEmail();
  await asksAtAgency(hanna);
  await registersContact(hanna, contact);
  const { links: [link] } = await message(contact);
  await hanna.newTab();
  await hanna.goes(link);
  await hanna.sees("One more click");
  await hanna.presses("#continue");
  await hanna.sends({ ...names, password });
  await hanna.presses("#allow");
  await isSignedIn(hanna, "Hanna Kavalenka");
  await hanna.leaves();
});

test("the link opened in another browser shows the code and logs nobody in", async () => {
  const hanna = await Person.arrives(browser), phone = await Person.arrives(browser), contact = newEmail();
  await asksAtAgency(hanna);
  await registersContact(hanna, contact);
  const { links: [link], code } = await message(contact);
  await phone.goes(link);
  await phone.sees("You began in another browser");
  await phone.presses("#continue");
  assert.equal((await phone.reads(".panel")).replace(/\s/g, ""), code);
  await phone.goes(`${sandbox.issuer}/account`);
  phone.isAt("/sign-in");
  await hanna.sends({ code });
  hanna.isAt("/register/details");
  await Promise.all([hanna.leaves(), phone.leaves()]);
});

test("registration by phone, with the code of a text message", async () => {
  const hanna = await Person.arrives(browser), contact = newPhone();
  await asksAtAgency(hanna);
  await registers(hanna, contact);
  await hanna.sees(contact);
  await hanna.presses("#allow");
  await isSignedIn(hanna, "Hanna Kavalenka");
  await hanna.goes(`${sandbox.agency}/login?prompt=login`);
  await hanna.sees("log in once more");
  await logsIn(hanna, { login: contact, password });
  await isSignedIn(hanna, "Hanna Kavalenka");
  await hanna.leaves();
});

test("an address that has an account already offers the ways on, and a name of one's own", async () => {
  const other = await Person.arrives(browser), { login } = account(0);
  await other.goes(`${sandbox.issuer}/sign-in`);
  await registersContact(other, login);
  await other.sends({ code: (await message(login)).code });
  other.isAt("/register/used");
  await other.presses("#continue");
  await other.sees(/choose/i, "#faults");
  await other.page.check('[name="choice"][value="new"]');
  await other.presses("#continue");
  await other.sends({ ...names, password });
  const made = await other.reads("#login-name");
  await other.sees("Write this name down");
  await other.presses("#continue");
  other.isAt("/account");
  await other.sees(made);
  await other.leaves();
});

test("log in on a shared computer, and log out through the agency, which says so", async () => {
  const person = await Person.arrives(browser), who = account(1);
  await asksAtAgency(person);
  await logsIn(person, { ...who, password: "not my password" }, { shared: true });
  await person.sees("The login or the password is not right", "#faults");
  await logsIn(person, who, { shared: true });
  await person.presses("#allow");
  await isSignedIn(person, who.name);
  const kept = (await person.context.cookies(sandbox.issuer)).filter((c) => /session/.test(c.name));
  assert.ok(kept.length > 0 && kept.every((c) => c.expires === -1 && c.httpOnly), `the session ends with the browser: ${JSON.stringify(kept)}`);
  await person.presses("#refresh");
  await person.sees(/./, "#refreshed");
  await person.presses("#logout");
  person.isAt(`${sandbox.agency}/signed-out`);
  await person.sees("You have logged out here and at Surety");
  await person.goes(`${sandbox.issuer}/account`);
  person.isAt("/sign-in");
  await person.leaves();
});

test("logging out at Surety asks, and can be declined", async () => {
  const person = await Person.arrives(browser), who = account(2);
  await person.goes(`${sandbox.issuer}/sign-in`);
  await logsIn(person, who);
  await person.goes(`${sandbox.issuer}/logout`);
  await person.sees("Log out?");
  await person.presses("#stay");
  person.isAt("/account");
  await person.presses("#logout");
  person.isAt("/signed-out");
  await person.leaves();
});

test("logging out everywhere in another browser reaches the agency", async () => {
  const home = await Person.arrives(browser), phone = await Person.arrives(browser), who = account(3);
  await entersAgency(home, who);
  await phone.goes(`${sandbox.issuer}/sign-in`);
  await logsIn(phone, who);
  await phone.presses("#logout-everywhere");
  phone.isAt("/signed-out");
  await phone.sees("all devices");
  await eventually(home, "#told");
  await home.sees("Surety told us", "#told");
  await home.presses("#login");
  home.isAt("/sign-in");
  await Promise.all([home.leaves(), phone.leaves()]);
});

test("a forgotten password is replaced, and every other device logged out", async () => {
  const home = await Person.arrives(browser), phone = await Person.arrives(browser), who = account(4);
  await entersAgency(home, who);
  const before = await lastTo(who.login);
  await asksAtAgency(phone);
  await phone.presses("#recover");
  await phone.sends({ contact: who.login });
  await phone.sends({ code: (await message(who.login, before)).code });
  await phone.sends({ password });
  await phone.sees("For the next 30 days");
  await phone.presses("#continue");
  if (await phone.has("#allow")) await phone.presses("#allow");
  await isSignedIn(phone, who.name);
  await home.goes(`${sandbox.issuer}/account`);
  home.isAt("/sign-in");
  await logsIn(home, who);
  await home.sees("The login or the password is not right", "#faults");
  await logsIn(home, { ...who, password });
  home.isAt("/account");
  await Promise.all([home.leaves(), phone.leaves()]);
});
