/* Picking rows of the queue. Without this file the boxes and the buttons beside them do the same. */
(function () {
  "use strict";
  var form = document.getElementById("bulk");
  if (!form) { return; }
  var place = "guardrail-picks";
  var boxes = Array.from(document.querySelectorAll("[data-pick]"));
  var page = document.querySelector("[data-pick-page]");
  var all = form.querySelector("[data-pick-all-fitting]");
  var count = form.querySelector("[data-picked-count]");

  /* Kept for this tab, so that showing what is new, or the next page, loses no pick. */
  function kept() {
    try { return new Set(JSON.parse(sessionStorage.getItem(place) || "[]")); } catch (refused) { return new Set(); }
  }
  function keep(picks) {
    try { sessionStorage.setItem(place, JSON.stringify(Array.from(picks).slice(-1000))); } catch (refused) { /* private window */ }
  }
  var picks = kept();

  function show() {
    var here = 0;
    boxes.forEach(function (box) {
      box.checked = picks.has(box.value);
      here += box.checked ? 1 : 0;
      box.closest("tr").toggleAttribute("aria-selected", box.checked);
      if (box.checked) { box.closest("tr").setAttribute("aria-selected", "true"); }
    });
    form.querySelectorAll("[data-elsewhere]").forEach(function (field) { field.remove(); });
    picks.forEach(function (pk) {
      if (boxes.some(function (box) { return box.value === pk; })) { return; }
      var field = document.createElement("input");
      field.type = "hidden";
      field.name = "n";
      field.value = pk;
      field.dataset.elsewhere = "";
      form.append(field);
    });
    var away = picks.size - here;
    if (count) { count.textContent = picks.size ? picks.size + " picked" + (away ? ", " + away + " not on this page" : "") : ""; }
    if (page) {
      page.checked = boxes.length > 0 && here === boxes.length;
      page.indeterminate = here > 0 && here < boxes.length;
    }
  }
  function set(pk, picked) {
    if (picked) { picks.add(pk); } else { picks.delete(pk); }
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-pick]")) { set(event.target.value, event.target.checked); }
    else if (event.target === page) { boxes.forEach(function (box) { set(box.value, page.checked); }); }
    else { return; }
    keep(picks);
    show();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (/^(TEXTAREA|SELECT)$/.test(event.target.tagName)) { return; }
    if (event.target.tagName === "INPUT" && event.target.type !== "checkbox") { return; }
    var box = document.querySelector("tr.is-cursor [data-pick]");
    if (!box) { return; }
    set(box.value, !box.checked);
    keep(picks);
    show();
  });
  /* A key on the row one stands on means that row, where none is picked. */
  form.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (button && button.matches("[data-needs-picks]") && !picks.size && !(all && all.checked)) {
      var box = document.querySelector("tr.is-cursor [data-pick]");
      if (!box) { event.preventDefault(); if (count) { count.textContent = "Pick a row first (x)"; } return; }
      box.checked = true;
    }
    keep(new Set());
  });
  show();
})();
