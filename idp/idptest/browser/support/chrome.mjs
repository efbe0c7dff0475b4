// A person's browser. Whatever page a story meets is checked on the way.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { tooWide, violations } from "./axe.mjs";
import { patience } from "./sandbox.mjs";

const quiet = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

// chrome starts the browser; it ends with the suite that started it.
export const chrome = (...more) => chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: [...quiet, ...more], timeout: patience });

// A message that a page of a known bad status makes the console say.
const statusOnly = /^Failed to load resource: the server responded with a status of [45]\d\d/;

// Person is one person with a browser of their own: no cookie is shared.
export class Person {
  static async arrives(browser, { lang = "en", js = true, css = true, size = { width: 1000, height: 700 }, scale = 1, dark = false } = {}) {
    const person = new Person();
    person.checked = js && css;
    person.faults = [];
    person.context = await browser.newContext({
      locale: lang, javaScriptEnabled: js, viewport: size, deviceScaleFactor: scale, reducedMotion: "reduce",
      colorScheme: dark ? "dark" : "light", timezoneId: "Europe/Minsk",
    });
    person.context.setDefaultTimeout(patience);
    if (!css) await person.context.route(/\.css$/, (route) => route.abort());
    await person.newTab();
    return person;
  }

  // newTab opens a tab and goes on in it.
  async newTab() {
    this.page = await this.context.newPage();
    this.page.on("pageerror", (e) => this.faults.push(`script of ${this.page.url()}: ${e.message}`));
    this.page.on("console", (m) => {
      if (m.type() === "error" && this.checked && !statusOnly.test(m.text())) this.faults.push(`console of ${this.page.url()}: ${m.text()}`);
    });
    return this.page;
  }

  // goes to an address.
  async goes(address) {
    await this.page.goto(address);
    await this.looks();
  }

  // presses a button or link that leads to another page.
  async presses(selector) {
    await Promise.all([this.page.waitForNavigation(), this.page.locator(selector).click()]);
    await this.looks();
  }

  // fills in fields by name; true and false tick and untick.
  async fills(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`input[name="${name}"]:not([type=hidden])`);
      if (typeof value === "boolean") await field.setChecked(value); else await field.fill(value);
    }
  }

  // sends the form: fills in and presses.
  async sends(fields, selector = "#continue") {
    await this.fills(fields);
    await this.presses(selector);
  }

  // looks checks the page that is open, unless nothing can be checked in it.
  async looks() {
    if (this.checked) this.faults.push(...await violations(this.page));
  }

  // reads the text of an element, the whole page by default.
  async reads(selector = "body") { return (await this.page.locator(selector).first().innerText()).trim(); }

  // has tells whether the page has the element.
  async has(selector) { return await this.page.locator(selector).count() > 0; }

  async sees(text, selector = "body") {
    const got = await this.reads(selector);
    assert.ok(text instanceof RegExp ? text.test(got) : got.includes(text), `${this.page.url()} does not say ${text}:\n${got}`);
  }

  // isAt checks the address without query.
  isAt(address) {
    const at = new URL(this.page.url());
    assert.equal(address.startsWith("/") ? at.pathname : at.origin + at.pathname, address);
  }

  // turns the page into every other language and back: no text is missing (the
  // logs would say so), and the longest words fit.
  async turns() {
    const own = await this.page.getAttribute("html", "lang");
    for (const lang of ["be", "ru", "uk", "en", own]) {
      if (lang === await this.page.getAttribute("html", "lang")) continue;
      const before = new URL(this.page.url()).pathname;
      await Promise.all([this.page.waitForNavigation(), this.page.locator(`.langs button[lang="${lang}"]`).click()]);
      assert.equal(await this.page.getAttribute("html", "lang"), lang);
      this.isAt(before);
      if (lang !== own) this.faults.push(...await tooWide(this.page));
    }
  }

  // leaves closes the browser. Whatever was wrong on the way fails the story.
  async leaves() {
    await this.context.close();
    assert.equal(this.faults.join("\n"), "");
  }
}
