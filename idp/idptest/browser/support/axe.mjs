// The checks of accessibility. A page is checked once in a run however often
// the stories meet it: in light and dark, on a phone and on a desk.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Every rule of WCAG 2.2, levels A and AA, and what axe knows to be good practice.
const options = {
  runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
  rules: { "target-size": { enabled: true } },
  resultTypes: ["violations"],
  preload: false, // it would fetch stylesheets, which the pages' own policy forbids
};

// What the dark may change: nothing but colours.
const colours = { resultTypes: ["violations"], preload: false, runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } };

const sizes = [{ width: 1000, height: 700 }, { width: 360, height: 740 }];
const narrowest = 320; // WCAG 2.2, 1.4.10

// seen tells whether another story has checked this page in this state.
const seen = (key) => {
  const folder = process.env.SURETY_PAGES_SEEN;
  if (!folder) return false;
  try {
    mkdirSync(join(folder, createHash("sha256").update(key).digest("hex")));
    return false;
  } catch (taken) {
    if (taken.code === "EEXIST") return true;
    throw taken;
  }
};

const state = () => [
  location.pathname, document.documentElement.lang, document.title,
  [...document.querySelectorAll("[id]")].map((e) => e.id).sort().join(" "),
].join("|");

// describe puts a violation into words that lead to the place.
const describe = (v, where) => `${where}: ${v.id}: ${v.help}\n` + v.nodes.slice(0, 5).map((n) =>
  `    ${n.target.join(" ")}  ${n.html.slice(0, 200)}\n      ${n.failureSummary?.replace(/\n\s*/g, " ")}`).join("\n");

const widths = () => ({ is: document.documentElement.scrollWidth, fits: document.documentElement.clientWidth,
  who: [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "absolute")
    .slice(0, 3).map((e) => e.outerHTML.slice(0, 120)) });

// keep takes a picture of the page for whoever wants to look at all of them.
let kept = 0;
const keep = async (page, name) => {
  const folder = process.env.LOOK;
  if (folder) await page.screenshot({ path: join(folder, `${process.pid}-${String(++kept).padStart(3, "0")}${name.replace(/[^a-z0-9]+/g, "-")}.png`), fullPage: true });
};

// tooWide lists what runs out of the narrowest window.
export const tooWide = async (page) => {
  const where = new URL(page.url()).pathname, before = page.viewportSize();
  await page.setViewportSize({ width: narrowest, height: 640 });
  const width = await page.evaluate(widths);
  await page.setViewportSize(before);
  return width.is > width.fits ? [`${where} at ${narrowest}px is ${width.is}px wide: ${width.who.join(" ")}`] : [];
};

// violations lists what is wrong with the page that is open.
export const violations = async (page) => {
  const where = new URL(page.url()).pathname;
  if (seen(await page.evaluate(state))) return [];
  const before = page.viewportSize();
  const out = [];
  await page.evaluate(source);
  for (const size of sizes) {
    await page.setViewportSize(size);
    await keep(page, `${where} ${size.width}`);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const found = await page.evaluate((o) => globalThis.axe.run(document, o), colorScheme === "dark" ? colours : options);
      out.push(...found.violations.map((v) => describe(v, `${where} ${colorScheme} ${size.width}px`)));
    }
  }
  await page.setViewportSize(before);
  out.push(...await tooWide(page));
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  return out;
};
