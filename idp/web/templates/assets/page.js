// What makes pages more comfortable. Nothing here is needed: every page works without it.
(function () {
  "use strict";

  // A page that comes back with faults puts the reader at their list.
  var faults = document.getElementById("faults");
  if (faults) faults.focus();

  document.querySelectorAll("input[type=password]").forEach(function (input) {
    addReveal(input);
    addKeyboardHints(input);
  });
  document.querySelectorAll("input[data-none]").forEach(linkNone);
  document.querySelectorAll("form").forEach(guardTwice);
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
  startSessionWarning();

  // Show and hide what is typed.
  function addReveal(input) {
    if (!input.dataset.show) return;
    var row = document.createElement("div");
    var button = document.createElement("button");
    row.className = "with-button";
    button.type = "button";
    button.className = "button plain";
    button.setAttribute("aria-controls", input.id);
    input.parentNode.insertBefore(row, input);
    row.append(input, button);
    function set(shown) {
      input.type = shown ? "text" : "password";
      button.textContent = shown ? input.dataset.hide : input.dataset.show;
      button.setAttribute("aria-label", shown ? input.dataset.hideLabel : input.dataset.showLabel);
    }
    button.addEventListener("click", function () { set(input.type === "password"); });
    // A password is sent from a password field, so that browsers do not keep it as ordinary text.
    if (input.form) input.form.addEventListener("submit", function () { set(false); });
    set(false);
  }

  // Say that capitals are locked or that the letters are Cyrillic.
  function addKeyboardHints(input) {
    var live = document.getElementById(input.id + "-live");
    if (!live) return;
    var caps = false;
    function tell() {
      var words = [];
      if (caps) words.push(input.dataset.caps);
      if (/[\u0400-\u04ff]/.test(input.value)) words.push(input.dataset.cyrillic);
      var text = words.join(" ");
      if (live.textContent !== text) live.textContent = text;
    }
    function look(event) {
      if (event.getModifierState) caps = event.getModifierState("CapsLock");
      tell();
    }
    input.addEventListener("keydown", look);
    input.addEventListener("keyup", look);
    input.addEventListener("input", tell);
    input.addEventListener("blur", function () { caps = false; tell(); });
  }

  // "I have none in my document" empties and locks its field; the words come back when it is unticked.
  function linkNone(box) {
    var field = document.getElementById(box.dataset.none);
    if (!field) return;
    var kept = "";
    function apply() {
      if (box.checked) { kept = field.value || kept; field.value = ""; } else if (!field.value) { field.value = kept; }
      field.readOnly = box.checked;
    }
    box.addEventListener("change", apply);
    if (box.checked) apply();
  }

  // A second click on a slow line must not send the form twice.
  function guardTwice(form) {
    var sent = 0;
    form.addEventListener("submit", function (event) {
      var now = Date.now();
      if (now - sent < 3000) event.preventDefault(); else sent = now;
    });
    window.addEventListener("pageshow", function () { sent = 0; });
  }

  // Two minutes before the session ends by idleness: say so, and one button prolongs it.
  function startSessionWarning() {
    var dialog = document.getElementById("session-warning");
    if (!dialog || !dialog.showModal) return;
    var form = dialog.querySelector("form");
    var timer;
    function wait(seconds) {
      clearTimeout(timer);
      timer = setTimeout(function () { dialog.showModal(); }, Math.max(0, seconds - 120) * 1000);
    }
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } })
        .then(function (answer) {
          // Led elsewhere: the session has ended, and the person should see that.
          if (!answer.ok || answer.redirected) throw new Error(answer.status);
          dialog.close();
          wait(Number(dialog.dataset.left));
        })
        .catch(function () { HTMLFormElement.prototype.submit.call(form); });
    });
    wait(Number(dialog.dataset.left));
  }
})();
