// The main job over https, with the sandbox's own authority.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { test } from "node:test";
import { chrome, Person } from "../support/chrome.mjs";
import { newEmail, tlsSandbox } from "../support/sandbox.mjs";
import { asksAtAgency, isSignedIn, registers } from "../support/steps.mjs";

// pin checks a server against the authority, and nothing else, and returns the
// hash of its key. Chromium takes authorities only from the machine's store,
// so it is told which keys were found good instead.
const pin = (address, ca) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port, ca, servername: hostname }, () => {
    const key = new X509Certificate(socket.getPeerCertificate().raw).publicKey.export({ type: "spki", format: "der" });
    socket.end();
    resolve(createHash("sha256").update(key).digest("base64"));
  });
  socket.on("error", reject);
});

test("over https: trusted by ca_file, cookies that no other site can set, and the main job", async () => {
  const world = tlsSandbox(), ca = readFileSync(world.ca_file);
  assert.match(world.issuer, /^https:/);
  const pins = await Promise.all([pin(world.issuer, ca), pin(world.agency, ca)]);
  await assert.rejects(pin(world.issuer, undefined), "no authority of the machine's own vouches for it");

  const browser = await chrome(`--ignore-certificate-errors-spki-list=${pins.join()}`);
  try {
    const hanna = await Person.arrives(browser);
    await asksAtAgency(hanna, "", world);
    await registers(hanna, newEmail(), world);
    await hanna.presses("#allow");
    await isSignedIn(hanna, "Hanna Kavalenka", world);
    const cookies = await hanna.context.cookies([world.issuer, world.agency]);
    assert.ok(cookies.length >= 3, "browser, session and agency");
    for (const c of cookies) {
      assert.ok(c.name.startsWith("__Host-") && c.secure && c.path === "/", `cookie ${JSON.stringify(c)}`);
    }
    await hanna.presses("#logout");
    hanna.isAt(`${world.agency}/signed-out`);
    // The outbox is http on the same host, and so is whatever else people run there.
    await hanna.goes(`${world.outbox}/`);
    assert.equal(hanna.page.url(), `${world.outbox}/`);
    await hanna.leaves();
  } finally {
    await browser.close();
  }
});
