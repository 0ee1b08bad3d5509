// Keeps the live parts of the page as they are at the server.
"use strict";

const mark = document.getElementById("live");
const source = new EventSource("events");

source.addEventListener("open", () => { mark.hidden = false; mark.textContent = "Follows what happens"; });
source.addEventListener("error", () => {
  mark.hidden = false;
  // After an answer that is no stream, no browser tries again.
  mark.textContent = source.readyState === EventSource.CLOSED
    ? "Connection lost: load the page again"
    : "Connection lost; trying again";
});

source.addEventListener("message", (event) => {
  const { id, html } = JSON.parse(event.data);
  const part = document.getElementById(id);
  if (!part) return;
  // What a person has opened, closed or chosen stays so.
  const folded = new Map([...part.querySelectorAll("details[id]")].map((it) => [it.id, it.open]));
  const focused = part.contains(document.activeElement) ? place(part, document.activeElement) : null;
  part.innerHTML = html;
  for (const it of part.querySelectorAll("details[id]")) {
    if (folded.has(it.id)) it.open = folded.get(it.id);
  }
  if (focused) focusable(part)[focused.at]?.focus({ preventScroll: true });
});

function focusable(part) {
  return [...part.querySelectorAll("a[href], summary, [tabindex]")];
}

function place(part, element) {
  return { at: focusable(part).indexOf(element) };
}
