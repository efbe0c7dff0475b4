// Pages that no other story comes through, in every language.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { account, lastTo, message, sandbox } from "../support/sandbox.mjs";
import { logsIn } from "../support/steps.mjs";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

for (const lang of ["be", "ru", "uk", "en"]) {
  test(`the parts of pages, the first page and the terms in ${lang}`, async () => {
    const person = await Person.arrives(browser, { lang });
    for (const path of ["/parts", "/", "/terms", "/sign-in", "/register", "/recover"]) await person.goes(sandbox.issuer + path);
    await person.goes(`${sandbox.agency}/`);
    await person.leaves();
  });
}

test("the outbox of the sandbox", async () => {
  const person = await Person.arrives(browser), { login } = account(13);
  const before = await lastTo(login);
  await person.goes(`${sandbox.issuer}/recover`);
  await person.sends({ contact: login });
  const { code } = await message(login, before);
  await person.goes(`${sandbox.outbox}/`);
  await person.sees(login);
  await person.goes(`${sandbox.outbox}/?to=${login}`);
  await person.sees(code);
  await person.leaves();
});

test("the warning before a session ends, and its button", async () => {
  const person = await Person.arrives(browser), who = account(14);
  await person.goes(`${sandbox.issuer}/sign-in`);
  await person.page.clock.install();
  await logsIn(person, who, { shared: true });
  await person.page.clock.fastForward("09:00");
  await person.page.locator("#session-warning").waitFor();
  await person.sees("Stay", "#session-warning");
  await person.page.locator("#prolong").click();
  await person.page.locator("#session-warning").waitFor({ state: "hidden" });
  person.isAt("/account");
  await person.leaves();
});

test("the checks that every page undergoes find what they look for", async () => {
  const person = await Person.arrives(browser);
  await person.goes(`${sandbox.issuer}/terms`);
  await person.page.evaluate(() => {
    const add = (name, set) => {
      const e = Object.assign(document.createElement(name), set);
      document.querySelector("main").append(e);
      return e;
    };
    add("script", { textContent: "document.title = 'owned'" });
    add("input", { id: "unnamed" });
    add("p", { textContent: "grey" }).style.color = "#999";
    add("div", { textContent: "wide" }).style.width = "900px";
  });
  await person.looks();
  const found = person.faults.splice(0).join("\n");
  for (const fault of ["Content Security Policy", "label:", "color-contrast:", "at 320px is"]) assert.ok(found.includes(fault), `${fault} was not found in:\n${found}`);
  assert.notEqual(await person.page.title(), "owned");
  await person.leaves();
});
