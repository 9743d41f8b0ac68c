// Keeps a page up to date, follows links within an execution without leaving the page, and knows a few
// keys. Every page works without it.
"use strict";

const byId = (id) => document.getElementById(id);

// An element of SVG is only parsed as one within another.
function replace(element, text) {
  const hadFocus = element === document.activeElement;
  const isOpen = [...element.querySelectorAll("details")].map((details) => details.open);
  const id = element.id;
  element.outerHTML = text;
  const now = byId(id);
  now?.querySelectorAll("details").forEach((details, index) => { details.open = isOpen[index] ?? false; });
  if (hadFocus) now?.focus({ preventScroll: true });
}

let source = null;

function follow() {
  source?.close();
  source = null;
  const address = document.body.dataset.live;
  if (!address) return;
  let wasEnded = false;
  source = new EventSource(address);
  source.onmessage = (message) => {
    const news = JSON.parse(message.data);
    for (const [id, text, into] of news.parts) {
      const element = byId(id);
      if (element) replace(element, text);
      else if (into) byId(into)?.insertAdjacentHTML("beforeend", text);
    }
    // What can be done with an execution changes with its end, and with what it waits for.
    if (news.ended || news.acts) {
      wasEnded = news.ended;
      if (wasEnded) source.close();
      swap(location.href, false);
    }
  };
}

// Shows another state of the same execution in place.
async function swap(address, isStep) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok) {
    location.href = address;
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { scrollX, scrollY } = window;
  const picture = document.querySelector(".picture");
  const [left, top] = [picture?.scrollLeft ?? 0, picture?.scrollTop ?? 0];
  const focused = document.activeElement?.id;
  const written = [...document.querySelectorAll("textarea, input")].map((field) => field.value);
  const isWriting = document.activeElement?.matches("textarea, input");
  if (isWriting && !isStep) return;
  byId("main").replaceWith(page.getElementById("main"));
  document.body.dataset.live = page.body.dataset.live ?? "";
  if (!isStep) document.querySelectorAll("textarea, input").forEach((field, index) => {
    if (field.type !== "hidden" && written[index] !== undefined) field.value = written[index];
  });
  const shown = document.querySelector(".picture");
  if (shown) [shown.scrollLeft, shown.scrollTop] = [left, top];
  window.scrollTo(scrollX, scrollY);
  if (focused) byId(focused)?.focus({ preventScroll: true });
  if (isStep) history.pushState(null, "", address);
  follow();
}

document.addEventListener("click", (event) => {
  const copied = event.target.closest("[data-copy]");
  if (copied) {
    navigator.clipboard?.writeText(copied.dataset.copy).then(() => {
      copied.classList.add("done");
      setTimeout(() => copied.classList.remove("done"), 900);
    });
    return;
  }
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const address = new URL(link.href.baseVal ?? link.href, location.href);
  const isSamePage = address.origin === location.origin && address.pathname === location.pathname;
  if (!isSamePage || address.hash || !document.querySelector(".run")) return;
  event.preventDefault();
  swap(address.href, true);
});

window.addEventListener("popstate", () => swap(location.href, false));

// Rows of the tables, and the states of the graph: those of the part that has the focus.
function step(by) {
  const inGraph = document.activeElement?.closest(".graph");
  const all = [...document.querySelectorAll(inGraph ? ".graph a" : "a.row")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.metaKey || event.ctrlKey || event.altKey) return;
  const keys = {
    "/": () => byId("find").focus(),
    "?": () => byId("keys").showModal(),
    j: () => step(1),
    k: () => step(-1),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

follow();
