// The sandbox that the stories run against, and what its outbox received.
// SURETY_SANDBOX names its description; SURETY_SANDBOX_TLS that of one with TLS.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const read = (variable) => {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set: run the stories with go test ./idp/idptest/browser`);
  return JSON.parse(readFileSync(path, "utf8"));
};

export const sandbox = read("SURETY_SANDBOX");
export const tlsSandbox = () => read("SURETY_SANDBOX_TLS");

// The longest that any story waits for anything.
export const patience = 30_000;

const ask = async (world, query) => {
  const answer = await fetch(`${world.outbox}/messages.json?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error(`outbox: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).messages ?? [];
};

// lastTo is the number of the newest message to the contact, 0 if there is none.
export const lastTo = async (to, world = sandbox) => (await ask(world, { to })).at(-1)?.id ?? 0;

// message waits for the next message to the contact that comes after the given one.
export const message = async (to, after = 0, world = sandbox) => {
  const [first] = await ask(world, { to, after, wait: `${patience / 1000}s` });
  if (!first) throw new Error(`no message came to ${to}`);
  return first;
};

// operator runs one of Surety's commands, as its operator would on the server.
export const operator = async (...args) => {
  const env = {
    PATH: process.env.PATH, SURETY_ISSUER: sandbox.issuer, SURETY_DATABASE_URL: sandbox.database_url,
    SURETY_KEYS_FILE: `${sandbox.data}/keys.json`, SURETY_PROFILE: "demo", SURETY_SANDBOX: "1",
  };
  try {
    const { stdout } = await promisify(execFile)(`${process.env.SURETY_BIN}/idp`, [...args, "--json"], { env, timeout: patience });
    return JSON.parse(stdout);
  } catch (failed) {
    let refusal;
    try { refusal = JSON.parse(failed.stderr).error; } catch { throw failed; }
    throw Object.assign(new Error(refusal.message), refusal);
  }
};

// sql changes the sandbox's database, for what only time would bring about.
export const sql = async (statement) => {
  await promisify(execFile)(process.env.PSQL || "psql", [sandbox.database_url, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement], { timeout: patience });
};

// Contacts that nobody else uses.
const random = (digits) => String(Math.floor(Math.random() * 10 ** digits)).padStart(digits, "0");
export const newEmail = () => `p${random(10)}@example.test`;
export const newPhone = () => `+37529${2 + Math.floor(Math.random() * 7)}${random(6)}`;

// account is one that exists already. No two stories use the same: 0 to 4 are
// the citizens', 5 to 11 the agencies', then plain, pages and clients.
export const account = (number) => sandbox.accounts.filter((a) => a.purpose === "load")[number];
