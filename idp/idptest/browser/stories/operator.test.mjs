// The first operator, by a link from the command line; then operators invite
// one another in the browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { operator, sandbox } from "../support/sandbox.mjs";
import { ownsAuthenticator } from "../support/steps.mjs";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

test("the first operator sets a passkey, logs in with it, and invites a second; then the command invites nobody", async () => {
  const rehearsal = await operator("operator", "invite", "--bootstrap", "--dry-run");
  assert.equal(rehearsal.link, undefined);
  const { link } = await operator("operator", "invite", "--bootstrap", "--name", "Maria");
  await assert.rejects(operator("operator", "invite", "--bootstrap"), { code: "conflict" });

  const maria = await Person.arrives(browser);
  const device = await ownsAuthenticator(maria);
  await maria.goes(link);
  await maria.sends({ name: "Maria Bielskaja" });
  maria.isAt("/operator");
  await maria.sees("Maria Bielskaja", "table");
  await maria.presses("#logout");
  maria.isAt("/operator/sign-in");

  await device.person(false);
  await maria.page.locator("#continue").click();
  await maria.page.locator("#passkey-fault:visible").waitFor();
  await maria.sees("The passkey was not accepted", "#passkey-fault");
  await device.person(true);
  await maria.goes(`${sandbox.issuer}/operator/sign-in`);
  await maria.presses("#continue");
  maria.isAt("/operator");

  await maria.sends({ name: "Ivan" });
  const second = await maria.reads("#invitation");
  assert.ok(second.startsWith(`${sandbox.issuer}/operator/invite?token=`), second);
  const ivan = await Person.arrives(browser);
  await ownsAuthenticator(ivan);
  await ivan.goes(second);
  await ivan.sends({ name: "Ivan Sak" });
  await ivan.sees("Maria Bielskaja", "table");
  await assert.rejects(operator("operator", "invite", "--bootstrap", "--replace"), { code: "forbidden" });

  for (const used of [link, second]) {
    await ivan.goes(used);
    assert.match(await ivan.reads("#reference"), /\w/);
    assert.equal(await ivan.has("#passkey-form"), false, "an invitation works once");
  }
  await Promise.all([maria.leaves(), ivan.leaves()]);
});

test("nobody gets to the operators' page without a passkey", async () => {
  const stranger = await Person.arrives(browser), plain = await Person.arrives(browser, { js: false });
  await stranger.goes(`${sandbox.issuer}/operator`);
  stranger.isAt("/operator/sign-in");
  await ownsAuthenticator(stranger); // a device that has no passkey for us
  await stranger.page.locator("#continue").click();
  await stranger.page.locator("#passkey-fault:visible").waitFor();
  await plain.goes(`${sandbox.issuer}/operator/sign-in`);
  await plain.sees("A passkey needs JavaScript");
  await Promise.all([stranger.leaves(), plain.leaves()]);
});
