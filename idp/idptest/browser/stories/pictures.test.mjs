// The pictures of the README. Run with UPDATE_SHOTS=1; the Go test makes the
// files small. Whatever changes from day to day stays out of them.
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { confirmed, opens } from "../support/factors.mjs";
import { message, operator, sandbox } from "../support/sandbox.mjs";
import { logsIn, names, ownsAuthenticator, password } from "../support/steps.mjs";

const folder = process.env.SURETY_SHOTS;
const desk = { width: 1250, height: 900 }, phone = { width: 375, height: 760 };

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

// takes a picture. A desk's is scaled to 1000 pixels across, so that more of
// the page is to be seen; height is how much of it.
const takes = async (person, name, height = desk.height) => {
  await person.page.setViewportSize({ ...person.size, height });
  await person.page.screenshot({ path: `${folder}/${name}.png`, caret: "hide" });
};

const sits = async (size, more) => {
  const person = await Person.arrives(browser, { size, scale: size === desk ? 0.8 : 1, ...more });
  person.checked = false;
  person.size = size;
  return person;
};

test("the main job", async () => {
  const hanna = await sits(desk), contact = "hanna@example.test";
  await hanna.goes(`${sandbox.agency}/`);
  await hanna.presses("#login");
  await takes(hanna, "1-log-in");
  await hanna.presses("#register");
  await hanna.fills({ contact, terms: true });
  await takes(hanna, "2-register", 950);
  await hanna.presses("#continue");
  await hanna.fills({ code: (await message(contact)).code });
  await takes(hanna, "3-code");
  await hanna.presses("#continue");
  await hanna.sends({ ...names, password });
  await takes(hanna, "4-consent", 1080);
  await hanna.presses("#allow");
  await takes(hanna, "5-agency");
  await hanna.goes(`${sandbox.issuer}/account`);
  await takes(hanna, "6-account", 1080);
  await hanna.leaves();
});

test("a service that needs more", async () => {
  const who = await confirmed({ totp: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", contact: "vera@example.test", given_name: "Vera", family_name: "Marsh" }), vera = await sits(desk);
  await opens(vera, "3.30.01", { ...who, login: "vera@example.test" });
  await takes(vera, "9-ways", 1130);
  await vera.presses('#ways a[href*="/step-up/otp"]');
  await takes(vera, "10-app");
  await vera.goes(`${sandbox.issuer}/procedures?for=me`);
  await takes(vera, "11-services", 1130);
  await vera.leaves();
});

test("a phone, in the dark, in Belarusian", async () => {
  const hanna = await sits(phone, { lang: "be", dark: true });
  await hanna.goes(`${sandbox.agency}/`);
  await hanna.presses("#login");
  await logsIn(hanna, { login: "hanna@example.test", password: "not hers at all" });
  await takes(hanna, "7-phone", 900);
  await hanna.leaves();
});

test("operators", async () => {
  const maria = await sits(desk);
  await ownsAuthenticator(maria);
  await maria.goes((await operator("operator", "invite", "--bootstrap", "--replace", "--name", "Maria")).link);
  await takes(maria, "8-operator", 760);
  await maria.leaves();
});
