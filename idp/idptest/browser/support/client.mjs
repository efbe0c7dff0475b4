// An agency of a story's own: registered as its operator would, with a server
// on this machine that its answers come to.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operator } from "./sandbox.mjs";

// openClient registers a client with this metadata (RFC 7591) and begins to
// listen. words are what the operator adds to them.
export const openClient = async (metadata, ...words) => {
  const answers = []; // parameters that came to /callback
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, client.origin);
    let body = "";
    for await (const chunk of request) body += chunk;
    if (url.pathname === "/callback") answers.push({ method: request.method, url, parameters: new URLSearchParams(body || url.search) });
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><title>Office</title><main><h1 id="arrived">${url.pathname}</h1></main></html>`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref(); // it ends with the stories of its file
  const client = { origin: `http://127.0.0.1:${server.address().port}`, answers };
  client.callback = `${client.origin}/callback`;
  const folder = await mkdtemp(join(tmpdir(), "surety-client-"));
  const file = join(folder, "client.json");
  await writeFile(file, JSON.stringify({
    client_name: "Story office", redirect_uris: [client.callback], post_logout_redirect_uris: [`${client.origin}/bye`],
    grant_types: ["authorization_code", "refresh_token"], development: true, ...metadata,
  }));
  const imported = await operator("client", "import", file, ...words);
  await rm(folder, { recursive: true });
  [client.registered] = imported.clients ?? [imported];
  client.id = client.registered.client_id;
  client.secret = client.registered.client_secret;
  return client;
};

// request is a plain authorization request of the client, for pages that need
// no library.
export const request = (issuer, client, more = {}) => `${issuer}/authorize?${new URLSearchParams({
  client_id: client.id, redirect_uri: client.callback, response_type: "code", scope: "openid profile", state: "s1", nonce: "n1",
  code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256", ...more, // RFC 7636, appendix B
})}`;
