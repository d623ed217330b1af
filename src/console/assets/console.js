// What makes the console a little better; every page works without it.
"use strict";

// A choice takes effect at once, so its button is not needed.
for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
  select.form.querySelector("button")?.remove();
}

// "/" goes to the search field, as in many consoles; "g" and a letter would be more than is needed here.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector("[data-focus]");
  event.preventDefault();
  if (field) field.focus();
  else location.assign("/console/contacts");
});
if (location.pathname === "/console/contacts") document.querySelector("[data-focus]")?.focus();

// A change that can't be taken back is asked about once more; a form is sent once, however often it is clicked.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    const question = form.dataset.asks;
    if (question && !window.confirm(question)) return event.preventDefault();
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The overview stays live: its parts are fetched anew while somebody looks at it and uses none of them.
const live = [...document.querySelectorAll("[data-live]")];
if (live.length > 0) {
  const refresh = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live) {
      const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      const isUsed = part.contains(document.activeElement) || part.querySelector("details[open]");
      if (next && !isUsed) part.replaceChildren(...next.childNodes);
    }
    const now = document.querySelector(".now"), then = fresh.querySelector(".now");
    if (now && then) now.replaceChildren(...then.childNodes);
  };
  setInterval(refresh, 15000);
}
