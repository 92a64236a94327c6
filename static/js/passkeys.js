/* Sets allauth's passkey forms going, and says in words what went wrong. */
(function () {
  "use strict";

  document.addEventListener("allauth.error", function (event) {
    event.preventDefault(); /* it would only go to the console */
    document.querySelectorAll("[data-passkey-trouble]").forEach(function (place) {
      place.hidden = false;
    });
  });

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-passkey]").forEach(function (button) {
      var kind = button.dataset.passkey; /* add, authenticate or login */
      var ids = { credential: button.dataset.credential, data: "js_data" };
      ids[kind] = button.id;
      if (button.dataset.passwordless) {
        ids.passwordless = button.dataset.passwordless;
      }
      window.allauth.webauthn.forms[kind + "Form"]({ ids: ids });
      button.disabled = false; /* until now a click would have been lost */
    });
  });
})();
