// Four languages, on every page, at any moment.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { openClient, request } from "../support/client.mjs";
import { message, newEmail, sandbox } from "../support/sandbox.mjs";
import { asksAtAgency, names, password, registersContact } from "../support/steps.mjs";

let browser, office;
before(async () => { [browser, office] = await Promise.all([chrome(), openClient({})]); });
after(() => browser?.close());

const languages = { be: "Беларуская", ru: "Русский", uk: "Українська", en: "English" };

test("the language can be switched on every page of the main job, and nothing is lost", async () => {
  const person = await Person.arrives(browser, { lang: "de" }), contact = newEmail();
  await asksAtAgency(person);
  for (const [lang, name] of Object.entries(languages)) {
    const before = new URL(person.page.url());
    if (lang !== await person.page.getAttribute("html", "lang")) await person.presses(`.langs button[lang="${lang}"]`);
    assert.equal(await person.page.getAttribute("html", "lang"), lang);
    assert.equal(await person.reads(".langs [aria-current]"), name);
    const at = new URL(person.page.url());
    assert.equal(at.pathname + at.searchParams.get("interaction"), before.pathname + before.searchParams.get("interaction"));
  }
  const inTurn = async (lang) => {
    await person.presses(`.langs button[lang="${lang}"]`);
    assert.equal(await person.page.getAttribute("html", "lang"), lang);
  };
  await inTurn("be");
  await registersContact(person, contact);
  await inTurn("ru");
  await person.sends({ code: "12" });
  await inTurn("uk"); // on a page that came in answer to a form
  person.isAt("/register/code");
  const { code, text } = await message(contact);
  assert.match(text, /[іў]/, "the e-mail is in Belarusian, in which it was asked for");
  await person.sends({ code });
  await inTurn("en");
  await inTurn("uk");
  await person.sends({ ...names, password });
  person.isAt("/consent");
  await inTurn("be");
  await person.presses("#allow");
  await person.sees("Hanna Kavalenka", "#name");
  await person.goes(`${sandbox.issuer}/account`);
  for (const lang of ["ru", "uk", "en"]) {
    await inTurn(lang);
    person.isAt("/account");
  }
  await person.leaves();
});

test("an agency may ask for a language, and the person may choose another", async () => {
  const person = await Person.arrives(browser);
  await person.goes(request(sandbox.issuer, office, { ui_locales: "fr uk" }));
  assert.equal(await person.page.getAttribute("html", "lang"), "uk");
  await person.presses('.langs button[lang="be"]');
  await person.presses("#register");
  assert.equal(await person.page.getAttribute("html", "lang"), "be");
  await person.leaves();
});
