// A real client: the npm package openid-client 6, in the place of an agency.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as oidc from "openid-client";
import { chrome, Person } from "../support/chrome.mjs";
import { openClient } from "../support/client.mjs";
import { account, sandbox } from "../support/sandbox.mjs";
import { logsIn } from "../support/steps.mjs";

let browser;
before(async () => { browser = await chrome(); });
after(() => browser?.close());

// discovers configures the library from nothing but the issuer's address.
const discovers = (office, authentication) => oidc.discovery(new URL(sandbox.issuer), office.id, undefined, authentication, { execute: [oidc.allowInsecureRequests] });

// grants goes through the code flow with PKCE, state and nonce in a person's browser.
const grants = async (config, office, person, who, more = {}) => {
  const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: office.callback, scope: "openid profile email offline_access", state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...more,
  });
  await person.goes(address.href);
  if (await person.has("#password")) await logsIn(person, who);
  if (await person.has("#allow")) await person.presses("#allow");
  assert.equal(await person.reads("#arrived"), "/callback");
  return await oidc.authorizationCodeGrant(config, office.answers.at(-1).url, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
};

test("openid-client: code flow, userinfo, refresh, introspection, revocation and logout", async () => {
  const office = await openClient({ token_endpoint_auth_method: "client_secret_basic", id_token_signed_response_alg: "ES256" });
  const person = await Person.arrives(browser), who = account(15);
  const config = await discovers(office, oidc.ClientSecretBasic(office.secret));
  const tokens = await grants(config, office, person, who);
  const claims = tokens.claims();
  assert.match(claims.acr, /basic$/);
  assert.deepEqual(claims.amr, ["pwd"]);
  assert.equal(claims.aud, office.id);

  const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(info.email, who.login);
  assert.equal(info.name, who.name);

  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token, "refresh tokens rotate");
  assert.equal(renewed.claims().sub, claims.sub);
  assert.equal(renewed.claims().auth_time, claims.auth_time);

  const known = await oidc.tokenIntrospection(config, renewed.access_token);
  assert.equal(known.active, true);
  assert.equal(known.sub, claims.sub);
  await oidc.tokenRevocation(config, renewed.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token), { error: "invalid_grant" });
  assert.equal((await oidc.tokenIntrospection(config, renewed.refresh_token)).active, false);

  const leave = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: `${office.origin}/bye`, state: "s" });
  await person.goes(leave.href);
  assert.equal(person.page.url(), `${office.origin}/bye?state=s`);
  await person.goes(`${sandbox.issuer}/account`);
  person.isAt("/sign-in");
  await person.leaves();
});

test("openid-client: an answer for somebody else, and a person who says no", async () => {
  const office = await openClient({ token_endpoint_auth_method: "client_secret_post" });
  const person = await Person.arrives(browser), who = account(16);
  const config = await discovers(office, oidc.ClientSecretPost(office.secret));
  await grants(config, office, person, who);
  const spent = office.answers.at(-1).url;
  await assert.rejects(oidc.authorizationCodeGrant(config, spent, { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: spent.searchParams.get("state") }), { error: "invalid_grant" });
  await assert.rejects(oidc.authorizationCodeGrant(config, spent, { expectedState: "another" }), { code: "OAUTH_INVALID_RESPONSE" });
  const address = oidc.buildAuthorizationUrl(config, { redirect_uri: office.callback, scope: "openid", state: "s2", prompt: "consent",
    code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()), code_challenge_method: "S256" });
  await person.goes(address.href);
  await person.presses("#deny");
  await assert.rejects(oidc.authorizationCodeGrant(config, office.answers.at(-1).url, { expectedState: "s2" }), { error: "access_denied" });
  await person.leaves();
});

test("openid-client: a program without a secret, and one that signs with a key of its own", async () => {
  const person = await Person.arrives(browser), who = account(17);
  const open = await openClient({ token_endpoint_auth_method: "none" });
  const config = await discovers(open, oidc.None());
  const tokens = await grants(config, open, person, who);
  assert.equal((await oidc.refreshTokenGrant(config, tokens.refresh_token)).claims().sub, tokens.claims().sub);

  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const key = { ...await crypto.subtle.exportKey("jwk", pair.publicKey), kid: "k1", alg: "ES256", use: "sig" };
  delete key.key_ops; delete key.ext;
  const signing = await openClient({ token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256", jwks: { keys: [key] } });
  const signed = await discovers(signing, oidc.PrivateKeyJwt({ key: pair.privateKey, kid: "k1" }));
  assert.equal((await grants(signed, signing, person, who)).claims().aud, signing.id);
  await person.leaves();
});
