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

// Ends what keeps this page up to date.
let stop = null;

function follow() {
  stop?.();
  const { live, news } = document.body.dataset;
  stop = live ? listen(live) : news ? ask(news) : null;
}

// Shows what has changed; whether that was the last of it.
function take(news) {
  for (const [id, text, into, after] of news.parts ?? []) {
    const element = byId(id);
    if (id === "scale") document.querySelectorAll(".bars").forEach((bars) => bars.setAttribute("viewBox", text));
    else if (text === null) renew(id);
    else if (element) text ? replace(element, text) : element.remove();
    else if (into && byId(after)) byId(after).insertAdjacentHTML("afterend", text);
    else if (into) byId(into)?.insertAdjacentHTML("afterbegin", text);
  }
  // What can be done with an execution changes with its end, and with what it waits for.
  if (news.ended || news.acts) swap(location.href, false);
  return news.ended;
}

// What may be large is asked for, once for all changes of a while.
const due = new Map();

function renew(id) {
  if (due.has(id)) return;
  due.set(id, setTimeout(async () => {
    due.delete(id);
    const address = location.href;
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok || address !== location.href) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [now, before] = [page.getElementById(id), byId(id)];
    if (now && before) replace(before, now.outerHTML);
  }, 700));
}

// Where the server tells.
function listen(address) {
  const source = new EventSource(address);
  source.onmessage = (message) => {
    if (take(JSON.parse(message.data))) source.close();
  };
  return () => source.close();
}

// Where it has to be asked: less often the longer nothing happens, and not while nobody looks.
function ask(address) {
  const [least, most] = [1000, 10000];
  const next = new URL(address, location.href);
  let [pause, timer, isOver] = [least, 0, false];
  const look = async () => {
    let news = {};
    if (!document.hidden) {
      const answer = await fetch(next).catch(() => null);
      if (isOver) return;
      // The session has ended.
      if (answer?.status === 401) return location.reload();
      if (answer?.ok) news = await answer.json();
    }
    if (isOver || take(news)) return;
    if (news.seen) next.searchParams.set("seen", news.seen);
    pause = news.seen ? least : Math.min(pause * 1.5, most);
    timer = setTimeout(look, pause);
  };
  const wake = () => {
    if (document.hidden || isOver) return;
    clearTimeout(timer);
    pause = least;
    look();
  };
  document.addEventListener("visibilitychange", wake);
  timer = setTimeout(look, pause);
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wake);
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
  for (const name of ["live", "news"]) document.body.dataset[name] = page.body.dataset[name] ?? "";
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

// A state that is tried is tried again while somebody types.
let typing = 0;

document.addEventListener("input", (event) => {
  const form = event.target.closest(".typed form");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.set("typed", "1");
    const sent = fields.toString();
    const answer = await fetch(form.action, { method: "POST", body: fields }).catch(() => null);
    if (!answer) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = new URLSearchParams(new FormData(form));
    now.set("typed", "1");
    const outcome = page.getElementById("outcome");
    // An answer to what has changed since is of no interest.
    if (outcome && now.toString() === sent) byId("outcome").replaceWith(outcome);
  }, 350);
});

// Ticks all boxes of a table.
document.querySelectorAll("[data-all]").forEach((box) => {
  box.hidden = false;
  box.addEventListener("change", () => {
    box.form.querySelectorAll(`[name=${box.dataset.all}]`).forEach((other) => { other.checked = box.checked; });
  });
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
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
