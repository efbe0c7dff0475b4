// Passkeys: makes or uses one when the form is sent, and puts the answer into the field "credential".
(function () {
  "use strict";
  var form = document.getElementById("passkey-form");
  if (!form) return;
  var fault = document.getElementById("passkey-fault");
  var supported = window.PublicKeyCredential && navigator.credentials;
  // Where there are other ways, a browser that knows no passkeys is not worth a word.
  if (!supported) { if ("quiet" in form.dataset) form.hidden = true; else tell("unsupported"); return; }

  form.addEventListener("submit", function (event) {
    if (form.elements.credential.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    tell("");
    ask().then(function (answer) {
      form.elements.credential.value = JSON.stringify(answer);
      // A tick that stands in another form of the page counts for this one as well.
      form.querySelectorAll("input[data-from]").forEach(function (field) {
        if (document.getElementById(field.dataset.from).checked) field.value = "1";
      });
      HTMLFormElement.prototype.submit.call(form);
    }).catch(function (error) {
      tell(error && error.name === "InvalidStateError" ? "known" : "failed");
    });
  }, true);

  function ask() {
    var options = JSON.parse(form.dataset.options);
    var key = options.publicKey || options;
    key.challenge = bytes(key.challenge);
    if (form.dataset.passkey === "create") {
      key.user.id = bytes(key.user.id);
      (key.excludeCredentials || []).forEach(function (c) { c.id = bytes(c.id); });
      return navigator.credentials.create({ publicKey: key }).then(plain);
    }
    (key.allowCredentials || []).forEach(function (c) { c.id = bytes(c.id); });
    return navigator.credentials.get({ publicKey: key }).then(plain);
  }

  // The credential as the server reads it: JSON with base64url where there are bytes.
  function plain(credential) {
    var response = {};
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    });
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: response,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      clientExtensionResults: credential.getClientExtensionResults()
    };
  }

  function bytes(s) {
    var raw = atob(s.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (c) { return c.charCodeAt(0); });
  }

  function text(buffer) {
    var raw = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function tell(what) {
    fault.textContent = what ? fault.dataset[what] : "";
    fault.hidden = !what;
  }
})();
