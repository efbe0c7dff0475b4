// What people do again and again.
import assert from "node:assert/strict";
import { message, patience, sandbox } from "./sandbox.mjs";

export const password = "mellow granite 58 lantern";
export const names = { family_name: "Kavalenka", given_name: "Hanna", no_patronymic: true };

// asksAtAgency presses the agency's button, or asks for a login of a kind.
export const asksAtAgency = async (person, query = "", world = sandbox) => {
  await person.goes(`${world.agency}/`);
  if (query) await person.goes(`${world.agency}/login${query}`); else await person.presses("#login");
};

// registersContact goes from the log-in page to the page that asks for a code.
export const registersContact = async (person, contact) => {
  await person.presses("#register");
  await person.sends({ contact, terms: true });
  person.isAt("/register/code");
};

// registers does all of it, with the code that was sent.
export const registers = async (person, contact, world = sandbox) => {
  await registersContact(person, contact);
  const { code } = await message(contact, 0, world);
  await person.sends({ code });
  person.isAt("/register/details");
  await person.sends({ ...names, password });
};

export const logsIn = async (person, { login, password: secret }, more = {}) => person.sends({ login, password: secret, ...more });

// isSignedIn checks the agency's page: whose name, at which level.
export const isSignedIn = async (person, name, world = sandbox) => {
  person.isAt(`${world.agency}/`);
  assert.equal(await person.reads("#name"), name);
  assert.equal(await person.reads("#level"), "Basic");
  assert.match(await person.reads("#acr"), /basic$/);
  assert.match(await person.reads("#amr"), /^pwd$/);
};

// entersAgency is the way of somebody who has an account.
export const entersAgency = async (person, who, more = {}) => {
  await asksAtAgency(person);
  await logsIn(person, who, more);
  if (await person.has("#allow")) await person.presses("#allow");
  await isSignedIn(person, who.name);
};

// eventually reloads the page until it has the element.
export const eventually = async (person, selector) => {
  const end = Date.now() + patience;
  while (!await person.has(selector)) {
    assert.ok(Date.now() < end, `${person.page.url()} never had ${selector}:\n${await person.reads()}`);
    await person.page.reload();
  }
  await person.looks();
};

// ownsAuthenticator gives the person's browser a device that makes passkeys
// and whose owner agrees to everything.
export const ownsAuthenticator = async (person) => {
  const devtools = await person.context.newCDPSession(person.page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options: {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
  } });
  return { person: (agrees) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: agrees }) };
};
