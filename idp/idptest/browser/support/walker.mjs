// A browser without scripts, pictures or styles: cookies, redirects and forms.
// For stories in which pages are no more than the way to somewhere; every page
// is looked at by others.
import assert from "node:assert/strict";
import { sandbox } from "./sandbox.mjs";

const plain = (text) => text.replace(/&(amp|lt|gt|quot|#34|#39|#43);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#34": '"', "#39": "'", "#43": "+" })[name]);

const attributes = (tag) => Object.fromEntries([...tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].slice(1).map(([, name, value]) => [name, plain(value ?? "")]));

const mostHops = 20;

export class Walker {
  cookies = new Map(); // of Surety alone

  get path() { return this.url.pathname; }

  async goes(address) { await this.travels(new URL(address, this.url)); }

  // link is where the first link goes whose address begins so, if there is one.
  link(begins) {
    return [...this.text.matchAll(/<a\s[^>]*href="([^"]*)"/g)].map(([, href]) => plain(href)).find((href) => href.startsWith(begins));
  }

  // sends fills in the form that has the button, and presses it. What the page
  // has filled in or ticked stays.
  async sends(button, fields = {}) {
    for (const [, head, body] of this.text.matchAll(/<form\s([^>]*)>(.*?)<\/form>/gs)) {
      const form = new URLSearchParams();
      let there = false;
      for (const [tag] of body.matchAll(/<(?:input|button)\s[^>]*>/g)) {
        const { name, type, value = "", ...more } = attributes(tag);
        if (tag.startsWith("<button")) {
          if (name !== button) continue;
          there = true;
        } else if (!name || (type === "checkbox" || type === "radio") && !("checked" in more)) continue;
        form.append(name, value);
      }
      if (!there) continue;
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      return await this.travels(new URL(attributes(`<form ${head}>`).action, this.url), form);
    }
    assert.fail(`no form with the button ${button} at ${this.url}:\n${this.text}`);
  }

  async travels(url, form) {
    for (let hop = 0; hop < mostHops; hop++) {
      const ours = url.origin === new URL(sandbox.issuer).origin;
      const answer = await fetch(url, {
        method: form ? "POST" : "GET", body: form, redirect: "manual",
        headers: {
          "Accept-Language": "en", ...ours && { Cookie: [...this.cookies].map((pair) => pair.join("=")).join("; ") },
          ...form && { Origin: url.origin, "Sec-Fetch-Site": "same-origin" },
        },
      });
      for (const cookie of ours ? answer.headers.getSetCookie() : []) this.cookies.set(...cookie.split(";")[0].split(/=(.*)/s).slice(0, 2));
      [this.url, this.text] = [url, await answer.text()];
      const to = answer.status >= 300 && answer.status < 400 && answer.headers.get("Location");
      if (!to) return;
      [url, form] = [new URL(to, url), undefined];
    }
    assert.fail(`redirected without end, by now to ${url}`);
  }
}
