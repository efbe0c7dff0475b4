// What people log in with besides a password, and people who may need it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastTo, message, newEmail, newPhone, operator, sandbox } from "./sandbox.mjs";
import { asksAtAgency, logsIn, password } from "./steps.mjs";

// told waits for a message to the contact that says so, after the given one.
export const told = async (to, what, after) => {
  for (;;) {
    const got = await message(to, after);
    if (what.test(got.text)) return got;
    after = got.id;
  }
};

// sample is one of the people whom the sandbox introduces. Each is one story's.
export const sample = (login) => sandbox.accounts.find((a) => a.purpose === "sample" && a.login === login);

// confirmed makes somebody who was confirmed at a counter together with a
// telephone, and so is of no other story.
export const confirmed = async (more = {}) => {
  const who = { login: newEmail(), phone: newPhone(), password, name: "Hanna Kavalenka" };
  const folder = await mkdtemp(join(tmpdir(), "surety-person-")), file = join(folder, "person.json");
  await writeFile(file, JSON.stringify([{
    contact: who.login, contacts: [{ value: who.phone, anchored: true }], family_name: "Kavalenka", given_name: "Hanna", password, language: "en",
    created_days_ago: 365, stage: "confirmed", proofings: [{ method: "counter", days_ago: 100, document_in_days: 900 }], ...more,
  }]));
  [{ account_id: who.id }] = (await operator("sandbox-accounts", file)).accounts;
  await rm(folder, { recursive: true });
  return who;
};

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const step = 30_000;

// App is an authenticator app (RFC 6238).
export class App {
  constructor(key) {
    const bits = [...key.replace(/\s/g, "")].map((c) => digits.indexOf(c).toString(2).padStart(5, "0")).join("");
    this.secret = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
    this.used = 0;
  }

  at(counter) {
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(BigInt(counter));
    const mac = createHmac("sha1", this.secret).update(count).digest(), from = mac.at(-1) & 15;
    return String((mac.readUInt32BE(from) & 0x7fffffff) % 1e6).padStart(6, "0");
  }

  // code is one that was not used yet: of this half minute, or of the next,
  // which is taken as well so that clocks may differ. No story needs a third.
  code() {
    const now = Math.floor(Date.now() / step);
    this.used = Math.max(now, this.used + 1);
    assert.ok(this.used <= now + 1, "the app has no further code yet");
    return this.at(this.used);
  }

  // wrong is a code that the app shows at none of the times that count.
  wrong() {
    const now = Math.floor(Date.now() / step), near = [-3, -2, -1, 0, 1, 2, 3].map((n) => this.at(now + n));
    return ["000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777"].find((c) => !near.includes(c));
  }
}

// opens goes to a service of the agency; who is not logged in does so.
export const opens = async (person, code, who) => {
  await person.goes(`${sandbox.agency}/procedures/${code}`);
  if (who && await person.has("#password")) await logsIn(person, who);
};

// isServed checks that the agency's API delivers, by the token alone.
export const isServed = async (person, code, level) => {
  if (await person.has("#allow")) await person.presses("#allow");
  person.isAt(`${sandbox.agency}/procedures/${code}`);
  assert.ok(await person.has("#open"), `the service is not open:\n${await person.reads()}`);
  assert.match(await person.reads("#acr"), new RegExp(`/${level}$`));
};

// entersSentCode has a code sent to the contact, and enters it.
export const entersSentCode = async (person, contact, button = "#send") => {
  const before = await lastTo(contact);
  await person.presses(button);
  const { code } = await message(contact, before);
  await person.sends({ code });
};

// addsApp goes through the pages of a new app up to the recovery codes.
export const addsApp = async (person) => {
  person.isAt("/methods/otp");
  const app = new App(await person.page.locator("#key").textContent());
  await person.sends({ code: app.code() });
  const codes = await person.page.locator("#codes li").allInnerTexts();
  assert.equal(codes.length, 10);
  return { app, codes };
};
