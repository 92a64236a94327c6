/* Light and dark by choice, "/" to search. Every page works without this file. */
(function () {
  "use strict";
  var root = document.documentElement;

  function kept() {
    try {
      return window.localStorage.getItem("theme");
    } catch (refused) {
      return null;
    }
  }

  function keep(theme) {
    try {
      window.localStorage.setItem("theme", theme);
    } catch (refused) {
      return; /* the choice then lasts for this page only */
    }
  }

  var chosen = kept();
  if (chosen === "light" || chosen === "dark") {
    root.dataset.theme = chosen;
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-theme-toggle]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        var system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        var next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
        root.dataset.theme = next;
        keep(next);
      });
    });
  });

  document.addEventListener("keydown", function (event) {
    var at = event.target;
    var typing = at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName));
    var search = document.querySelector("input[type=search]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
})();
