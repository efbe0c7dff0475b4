// The sample services with a real client: the npm package openid-client 6 calls
// the agency's API, follows its challenge to Surety, and calls it again.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as oidc from "openid-client";
import { openClient } from "../support/client.mjs";
import { App, confirmed } from "../support/factors.mjs";
import { sandbox } from "../support/sandbox.mjs";
import { Walker } from "../support/walker.mjs";

const key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const acr = (level) => `https://surety.example/demo/level/${level}`;
const level = (value) => value.split("/").at(-1);
const api = `${sandbox.agency}/api`;

let office, config;
before(async () => {
  office = await openClient({
    agency: "agency", resources: [api], token_endpoint_auth_method: "client_secret_basic", id_token_signed_response_alg: "ES256",
  }, "--agency", "agency");
  config = await oidc.discovery(new URL(sandbox.issuer), office.id, undefined, oidc.ClientSecretBasic(office.secret), { execute: [oidc.allowInsecureRequests] });
});

const citizen = async (more) => Object.assign(new Walker(), { who: await confirmed(more), app: new App(key), steps: [] });

// asks sends the person to Surety and does there what they can: log in, use the
// app, agree, or go back. It returns the tokens, or throws the library's error.
const asks = async (person, parameters, checks = {}) => {
  const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: office.callback, scope: "openid", resource: api, state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...parameters,
  });
  person.steps = [];
  await person.goes(address.href);
  while (person.path !== "/callback") {
    person.steps.push(person.path);
    const app = !person.stays && person.link("/step-up/otp?");
    if (person.path === "/sign-in") await person.sends("continue", { login: person.who.login, password: person.who.password });
    else if (person.path === "/consent") await person.sends("allow");
    else if (person.path === "/step-up/otp") await person.sends("continue", { code: person.app.code() });
    else if (person.path === "/step-up" && app) await person.goes(app);
    else if (person.path === "/step-up") await person.sends("decline");
    else assert.fail(`nobody expected ${person.url}:\n${person.text}`);
  }
  return await oidc.authorizationCodeGrant(config, person.url,
    { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, ...checks }, { resource: api });
};

const wanting = (...codes) => JSON.stringify(codes.map((code) => ({ type: "procedure", code })));

// calls the agency's API of a service, by the token alone.
const calls = (tokens, code) => oidc.fetchProtectedResource(config, tokens.access_token, new URL(`${api}/procedures/${code}`), "GET");

// challenge is what the API says is missing, as the library reads it (RFC 9470).
const challenge = async (tokens, code) => {
  const refused = await calls(tokens, code).then(() => assert.fail(`the API of ${code} lets in`), (error) => error);
  assert.equal(refused.code, "OAUTH_WWW_AUTHENTICATE_CHALLENGE", refused.message);
  assert.equal(refused.status, 401);
  const [{ scheme, parameters }] = refused.cause;
  assert.equal(scheme, "bearer");
  assert.equal(parameters.error, "insufficient_user_authentication");
  assert.equal(parameters.procedure, code);
  return parameters;
};

// told is what Surety keeps for the agency about a requirement that was not met.
const told = async (uri) => {
  assert.ok(uri.startsWith(`${sandbox.issuer}/outcomes/`), uri);
  const answer = await fetch(uri, { headers: { Authorization: `Basic ${btoa(`${encodeURIComponent(office.id)}:${encodeURIComponent(office.secret)}`)}` } });
  assert.equal(answer.status, 200);
  return await answer.json();
};

// follows the challenge of the API and says what became of it: the level at
// which the service opened, or why it did not, with what is missing.
const follows = async (person, tokens, code) => {
  const { max_age } = await challenge(tokens, code);
  let granted;
  try {
    granted = await asks(person, { authorization_details: wanting(code), ...max_age && { max_age } }, max_age && { maxAge: Number(max_age) });
  } catch (error) {
    assert.equal(error.error, "unmet_authentication_requirements", `${code}: ${error}`);
    const { outcome, procedure, missing } = await told(error.cause.get("error_uri"));
    assert.equal(procedure, code);
    await challenge(tokens, code);
    return `${outcome}: ${missing.map((m) => m.axis).join(", ")}`;
  }
  assert.deepEqual(granted.authorization_details, [{ type: "procedure", code, agency: "agency" }]);
  const served = await (await calls(granted, code)).json();
  assert.equal(served.procedure, code);
  assert.equal(served.sub, granted.claims().sub);
  const known = await oidc.tokenIntrospection(config, granted.access_token);
  assert.deepEqual([known.active, known.acr, known.authorization_details], [true, served.acr, granted.authorization_details]);
  const renewed = await oidc.refreshTokenGrant(config, granted.refresh_token, { resource: api });
  assert.equal((await (await calls(renewed, code)).json()).acr, served.acr);
  assert.equal(renewed.claims().auth_time, granted.claims().auth_time);
  await challenge(tokens, code); // the token from before has not risen
  return level(served.acr);
};

const codes = ["1.10.01", "2.20.01", "3.30.01", "3.30.02", "3.40.01", "3.50.01", "3.50.02", "3.60.01", "4.77.01"];
const proven = (method, more) => ({ stage: "confirmed", proofings: [{ method, days_ago: 200, ...more }], totp: key });

const [both, identity] = ["declined: login, identity", "declined: identity"];

// Who ends where, by hand. The app is shown once, for the first service that needs it.
for (const [name, more, ends] of [
  ["nobody's document was looked at", { stage: "simplified", proofings: [] },
    ["basic", identity, both, both, both, both, both, "impossible: login, identity, capacity", both]],
  ["known to the registries", { stage: "standard", proofings: [{ method: "registry", days_ago: 100 }] },
    ["checked", "checked", both, both, both, both, both, "impossible: login, identity, capacity", both]],
  ["confirmed by letter, with an app", proven("letter"),
    ["checked", "checked", "substantial", "substantial", identity, "substantial", "substantial", "impossible: capacity", "declined: login"]],
  ["confirmed at a counter, with an app", proven("counter", { document_in_days: 900 }),
    ["checked", "checked", "substantial", "substantial", "substantial", "substantial", "substantial", "impossible: capacity", "declined: login"]],
  ["with a document that has ended, and an app", proven("counter", { document_in_days: -100 }),
    ["checked", "checked", "substantial", "substantial", "substantial", "declined: identity, document", "substantial", "impossible: capacity", "declined: login"]],
]) {
  test(`openid-client: each service, by somebody, ${name}`, async () => {
    const person = await citizen(more);
    const tokens = await asks(person, {});
    const found = [], asked = [];
    for (const code of codes) {
      found.push(await follows(person, tokens, code));
      asked.push(...person.steps);
    }
    assert.deepEqual(found, ends);
    assert.ok(!asked.includes("/sign-in"), "the password was asked for in a live session");
    assert.equal(asked.filter((step) => step === "/step-up/otp").length, more.totp ? 1 : 0, "the app is asked for once");
    });
}

test("openid-client: levels by acr_values, claims and max_age", async () => {
  const person = await citizen(proven("counter"));
  // A wish may be declined, and the answer says what was reached.
  person.stays = true;
  let tokens = await asks(person, { acr_values: `urn:unknown ${acr("substantial")}` });
  assert.ok(person.steps.includes("/step-up"));
  assert.equal(tokens.claims().acr, acr("checked"));
  assert.equal(level((await oidc.tokenIntrospection(config, tokens.access_token)).acr), "checked");
  // An essential value may not; one of several will do.
  const essential = (...values) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }) });
  await assert.rejects(asks(person, essential(acr("substantial"))), { error: "unmet_authentication_requirements" });
  assert.equal((await asks(person, essential(acr("substantial"), acr("basic")))).claims().acr, acr("basic"));
  await assert.rejects(asks(person, essential("urn:unknown")), { error: "unmet_authentication_requirements" });
  assert.deepEqual(person.steps, [], "no page can help");
  person.stays = false;
  tokens = await asks(person, essential(acr("substantial")));
  assert.equal(tokens.claims().acr, acr("substantial"));
  assert.deepEqual(tokens.claims().amr, ["pwd", "otp", "mfa"]);
  // Less is asked for: the answer says so, and nothing is lowered.
  tokens = await asks(person, { acr_values: acr("basic") });
  assert.equal(tokens.claims().acr, acr("basic"));
  assert.equal(level((await oidc.tokenIntrospection(config, tokens.access_token)).acr), "substantial");
  // The log-in is young enough; then one more is asked for all the same.
  tokens = await asks(person, { max_age: 300, prompt: "none" }, { maxAge: 300 });
  const before = tokens.claims().auth_time;
  tokens = await asks(person, { prompt: "login" });
  assert.deepEqual(person.steps, ["/sign-in"]);
  assert.equal(tokens.claims().acr, acr("checked"), "what was shown before counts for nothing then");
  assert.ok(tokens.claims().auth_time >= before);
});

test("openid-client: requests for procedures that nobody can answer", async () => {
  const person = await citizen(proven("counter"));
  for (const authorization_details of ["not JSON", '{"type":"procedure","code":"1.10.01"}', '[{"type":"payment"}]', wanting("9.99.99"),
    '[{"type":"procedure","code":"1.10.01","level":"basic"}]', wanting("1.10.01", "1.10.01")]) {
    await assert.rejects(asks(person, { authorization_details }), { error: "invalid_authorization_details" }, authorization_details);
  }
  const { authorization_details_types_supported, acr_values_supported } = config.serverMetadata();
  assert.deepEqual(authorization_details_types_supported, ["procedure"]);
  assert.deepEqual(acr_values_supported, ["basic", "checked", "substantial", "high"].map(acr));
});
