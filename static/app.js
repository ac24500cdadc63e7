/* Theme, keys, copying, and the token htmx needs to post. Every page works without this file. */
(function () {
  "use strict";

  /* The one way from text to markup: htmx reads an answer of ours into a document of its own, where nothing runs, and
     takes elements out of it. Any other (innerHTML, a script's text or address) is refused by the browser. */
  if (window.trustedTypes) {
    window.trustedTypes.createPolicy("default", {
      createHTML: function (html, type, sink) {
        return /^(Document parseHTMLUnsafe|DOMParser parseFromString)$/.test(sink) ? html : null;
      }
    });
  }

  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  root.classList.add("js");

  /* Runs before the body is parsed, so that no page flashes in the wrong theme. */
  function chosenTheme() {
    try { return localStorage.getItem("guardrail-theme") || "auto"; } catch (refused) { return "auto"; }
  }
  function applyTheme() {
    var theme = chosenTheme();
    root.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    document.querySelectorAll("[data-theme]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === theme));
    });
  }
  applyTheme();
  dark.addEventListener("change", applyTheme);

  function copy(button) {
    var source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
    var text = source ? source.textContent : button.dataset.copy === "here" ? location.href : button.dataset.copy;
    navigator.clipboard.writeText(text).then(function () {
      var before = button.dataset.label || button.getAttribute("aria-label") || button.textContent;
      button.dataset.label = before;
      button.classList.add("is-copied");
      button.setAttribute("aria-label", "Copied");
      setTimeout(function () {
        button.classList.remove("is-copied");
        button.setAttribute("aria-label", before);
      }, 1500);
    });
  }

  function typing(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  }

  /* Lists: rows of a table marked data-rows. Steps: details inside an element marked data-steps. */
  function move(by) {
    var places = Array.from(document.querySelectorAll("[data-rows] tbody tr, [data-steps] > li"));
    if (!places.length) {
      /* a walk from page to page */
      var onward = document.querySelector(by > 0 ? 'a[rel="next"]' : 'a[rel="prev"]');
      if (onward) { onward.click(); }
      return;
    }
    var at = places.findIndex(function (place) { return place.classList.contains("is-cursor"); });
    var next = places[Math.min(places.length - 1, Math.max(0, at + by))];
    places.forEach(function (place) { place.classList.toggle("is-cursor", place === next); });
    var step = next.querySelector(":scope > details");
    if (step) {
      step.open = true;
      step.querySelector("summary").focus({ preventScroll: true });
    } else {
      (next.querySelector("a[data-open]") || next.querySelector("a") || next).focus({ preventScroll: true });
    }
    next.scrollIntoView({ block: "nearest" });
  }

  /* A link to one step of a transcript opens it, and the block of steps it stands in. */
  function openTarget() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    var inside = target.querySelector(":scope > details");
    if (inside) { inside.open = true; }
    for (var up = target.closest("details"); up; up = up.parentElement.closest("details")) { up.open = true; }
    target.scrollIntoView({ block: "start" });
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === "Escape") { closeMenus(null); }
    var keys = document.getElementById("keys");
    if (typing(event.target) || (keys && keys.open)) { return; }
    if (event.key === "/") {
      var search = document.getElementById("search");
      if (search) { search.focus(); event.preventDefault(); }
    } else if (event.key === "?") {
      if (keys) { keys.showModal(); event.preventDefault(); }
    } else if (event.key === "j" || event.key === "k") {
      move(event.key === "j" ? 1 : -1);
    } else {
      var pressed = document.querySelector('[data-key="' + CSS.escape(event.key) + '"]');
      if (pressed) { event.preventDefault(); pressed.click(); }
    }
  });

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (menu === except) { return; }
      if (menu.contains(document.activeElement)) { menu.querySelector("summary").focus(); }
      menu.open = false;
    });
  }

  /* A filter that is not set has no place in an address that is shared. */
  document.addEventListener("submit", function (event) {
    if (event.target.method !== "get") { return; }
    var empty = Array.from(event.target.elements).filter(function (field) { return field.name && !field.value; });
    empty.forEach(function (field) { field.disabled = true; });
    setTimeout(function () { empty.forEach(function (field) { field.disabled = false; }); }, 0);
  });

  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details.menu"));
    var button = event.target.closest("[data-copy], [data-copy-from], [data-theme], [data-dialog], [data-all-steps]");
    if (!button) { return; }
    if (button.dataset.theme) {
      try { localStorage.setItem("guardrail-theme", button.dataset.theme); } catch (refused) { /* private window */ }
      applyTheme();
    } else if (button.dataset.dialog) {
      document.getElementById(button.dataset.dialog).showModal();
    } else if (button.dataset.allSteps) {
      document.querySelectorAll("[data-steps] > li > details").forEach(function (step) {
        step.open = button.dataset.allSteps === "open";
      });
    } else {
      copy(button);
    }
  });

  document.addEventListener("htmx:configRequest", function (event) {
    var token = document.querySelector('meta[name="csrf-token"]');
    if (token) { event.detail.headers["X-CSRFToken"] = token.content; }
  });
  /* Signed out meanwhile: the answer is the sign-in page, which must not land inside this one. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    var answered = event.detail.xhr.responseURL;
    if (answered && new URL(answered).pathname !== event.detail.pathInfo.requestPath.split("?")[0]) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  document.addEventListener("DOMContentLoaded", function () { applyTheme(); openTarget(); });
  window.addEventListener("hashchange", openTarget);
})();
