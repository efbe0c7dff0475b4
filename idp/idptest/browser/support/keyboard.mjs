// People who use no mouse.
import assert from "node:assert/strict";

// tabTo goes on with the Tab key until the element has the focus, and sees
// that the focus can be seen wherever it is.
export const tabTo = async (person, selector) => {
  const path = [];
  for (let i = 0; i < 60; i++) {
    await person.page.keyboard.press("Tab");
    const at = await person.page.evaluate((wanted) => {
      const e = document.activeElement, card = e.closest(".card-choice") ?? e;
      const style = [e, card].map((x) => getComputedStyle(x));
      return { found: e.matches(wanted), name: `${e.localName}#${e.id}`, shown: style.some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2), body: e === document.body };
    }, selector);
    path.push(at.name);
    assert.ok(at.shown || at.body, `the focus cannot be seen on ${at.name} of ${person.page.url()}`);
    if (at.found) return;
  }
  assert.fail(`${selector} of ${person.page.url()} is out of reach of the keyboard: ${path.join(" ")}`);
};

// enters presses Enter where it leads to another page.
export const enters = async (person, selector) => {
  await tabTo(person, selector);
  await Promise.all([person.page.waitForNavigation(), person.page.keyboard.press("Enter")]);
};

export const types = async (person, fields) => {
  for (const [name, value] of Object.entries(fields)) {
    await tabTo(person, `[name="${name}"]`);
    if (value === true) await person.page.keyboard.press("Space"); else await person.page.keyboard.type(value);
  }
};
