// Every page works without this; what it does: docs/frontend.md.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const on = (type, handler, capture) => document.addEventListener(type, handler, capture);
const load = (url, target, source, swap = "innerHTML") => htmx.ajax("GET", url, { target, swap, source });
const loadList = (url) => {
  const list = $("#list");
  htmx.trigger(list, "htmx:abort"); // the newest question wins
  return load(url, list, list, "outerHTML");
};
// Where one was is read again, too: the same column or menu, or the top of another page.
const followLink = (link) => {
  const kind = link.rel ? "#list table" : link.closest(".menu") ? "summary" : "thead a";
  const at = $$(kind).indexOf(link.closest(".menu")?.firstElementChild || link);
  loadList(link.href).then(() => {
    const there = $$(kind)[Math.max(0, at)];
    if (!there || document.activeElement !== document.body) return;
    if (link.rel) there.tabIndex = -1;
    there.focus({ preventScroll: true });
    if (link.rel && there.getBoundingClientRect().top < 0) $("#list").scrollIntoView();
  });
};
const fill = (text, number) => text.replace("#", (+number).toLocaleString(document.documentElement.lang).replace("-", "−"));
const pane = $("#pane");
let opener, typing, menu, stale;

// Panes and dialogs
const openPane = (url, kind, source) => {
  opener = source;
  pane.className = kind || "pane";
  load(url, "#pane", source);
};
const showPane = () => {
  if (!pane.firstElementChild) return pane.close(); // done
  if (!pane.open) pane.showModal();
  ($("[aria-invalid=true], [role=alert], [autofocus]", pane) || $("[tabindex]", pane))?.focus();
};
pane.addEventListener("close", () => {
  pane.replaceChildren();
  opener?.focus();
  if (stale && $("#list:not(.htmx-request)")) loadList(location.href); // else it is being read
  stale = false;
});

// Menus
const closeMenus = (except) => {
  menu = null;
  $$("details.menu[open]").forEach((each) => (each.open = each === except));
  $$("[data-menu][aria-expanded=true]").forEach((button) => {
    button.ariaExpanded = false;
    button.nextElementSibling?.remove();
  });
};
const openMenu = (button) => {
  const open = button.ariaExpanded === "true";
  closeMenus();
  if (open) return;
  button.nextElementSibling?.remove();
  button.ariaExpanded = true;
  menu = button.href;
  load(button.href, button.parentElement, button, "beforeend").then(() => $(".menu-list a", button.parentElement)?.focus());
};

const step = (button) => {
  const input = $("input", button.parentElement);
  button.dataset.step > 0 ? input.stepUp() : input.stepDown();
  ["input", "change"].forEach((type) => input.dispatchEvent(new Event(type, { bubbles: true })));
};

// Selected rows
const boxes = (form) => $$("tbody [type=checkbox]", form);
const countSelected = (all) => {
  const { form } = all;
  const every = $("[data-every]:checked", form); // also on other pages
  const checked = boxes(form).filter((box) => box.checked).length;
  const count = every ? every.dataset.every : checked;
  all.checked = checked && checked === boxes(form).length;
  all.indeterminate = checked && !all.checked;
  $$("[data-selected]", form).forEach((text) => {
    text.hidden = !count;
    $("b", text).textContent = fill(text.dataset.selected, count);
  });
  $$("[data-needs]", form).forEach((button) => (button.disabled = !count));
};
const selectAll = (form, checked) => {
  [...boxes(form), ...$$("[data-every]:checked", form)].forEach((box) => (box.checked = checked));
  dress();
};

const ACTIONS = {
  close: () => pane.close(),
  pane: (link) => openPane(link.href, link.dataset.pane, link.closest(".menu-cell, details.menu")?.firstElementChild || link),
  list: followLink,
  menu: openMenu,
  step,
  clear: (button) => selectAll(button.form, false),
  dismiss: (button) => button.closest(".message").remove(),
  remove: (button) => unpick(button),
  person: (option) => pick(option),
};
on("click", (event) => {
  const { target } = event;
  const names = Object.keys(ACTIONS);
  const link = target.closest(names.map((key) => `[data-${key}]:not(form, button[data-pane])`));
  const name = names.find((key) => key in (link?.dataset || {}));
  if (name && !event.metaKey && !event.ctrlKey && !event.shiftKey && (name !== "close" || pane.open)) {
    event.preventDefault();
    ACTIONS[name](link);
  }
  if (name !== "menu") closeMenus(name ? null : target.closest("details.menu"));
});

on("change", ({ target }) => {
  const { form } = target;
  const all = form && $("[data-all]", form);
  if (target === all) selectAll(form, all.checked);
  if (all) dress();
  if ("submits" in target.dataset) form.requestSubmit($("[formnovalidate]", form));
  if (form?.matches("[data-auto]") && target.type !== "search") form.requestSubmit();
});
on("input", ({ target }) => {
  if (target.type !== "search" || !target.form?.matches("[data-auto]")) return;
  clearTimeout(typing);
  typing = setTimeout(() => target.form.requestSubmit(), 250);
});

// Forms: what is under way is not sent again
const busy = (form, yes) => {
  yes ? (form.dataset.busy = 1) : delete form.dataset.busy;
  [...form.elements].filter(({ type }) => type === "submit").forEach((button) => {
    const { dataset, textContent } = button;
    if (dataset.busyText && (button.ariaDisabled === "true") !== yes) [button.textContent, dataset.busyText] = [dataset.busyText, textContent];
    button.ariaDisabled = yes;
  });
};
on("submit", (event) => {
  const { target: form, submitter } = event;
  const address = form.getAttribute("action") || location.pathname; // a button may be named action
  const send = form.method === "post" ? pane.contains(form) : "list" in form.dataset || submitter?.matches("[data-pane]");
  if ("own" in form.dataset) return;
  if (form.dataset.busy || send) event.preventDefault();
  if (form.dataset.busy) return;
  if (form.method === "post") {
    busy(form, true);
    if (send) htmx.ajax("POST", address, { target: "#pane", source: form, values: submitter?.name && { [submitter.name]: submitter.value } });
  } else if (send) {
    const url = `${address}?${new URLSearchParams([...new FormData(form)].filter(([, value]) => value))}`;
    "list" in form.dataset ? loadList(url) : openPane(url, submitter.dataset.pane, submitter);
  }
}, true);
on("card:busy", ({ target, detail }) => busy(target, detail));
addEventListener("pageshow", (event) => event.persisted && $$("[data-busy]").forEach((form) => busy(form, false)));
on("htmx:afterRequest", ({ detail }) => detail.elt.matches("form") && busy(detail.elt, false));

// People picker
const inputOf = (picker) => $("[role=combobox]", picker);
const say = (picker, words = "") => ($("[data-say]", picker).textContent = words);
const move = (picker, by) => {
  const options = $$("[role=option]", picker);
  const now = options.findIndex((option) => option.ariaSelected === "true");
  const first = Math.max(0, options.findIndex((option) => option.ariaDisabled !== "true"));
  const next = by ? (now + by + options.length) % options.length : first;
  options.forEach((option, index) => (option.ariaSelected = index === next));
  options[next]?.scrollIntoView({ block: "nearest" });
  inputOf(picker).setAttribute("aria-activedescendant", options[next]?.id || "");
};
const showList = (picker) => {
  const list = $("[role=listbox]", picker);
  const input = inputOf(picker);
  if (!input.value.trim()) list.replaceChildren();
  $$(".token input", picker).forEach(({ value }) => $(`[data-person="${value}"]`, list)?.remove());
  list.hidden = !$("[role=option]", list);
  input.ariaExpanded = !list.hidden;
  move(picker, 0);
};
const settle = (picker, words = "", name = "") => {
  inputOf(picker).value = "";
  say(picker, words.replace("#", name));
  showList(picker);
  count(picker);
  inputOf(picker).focus();
};
const count = (picker) => {
  $$("[data-count]", picker.closest("form")).forEach((text) => {
    const { count: words, base = 0, factor = 1 } = text.dataset;
    text.textContent = fill(words, +base + $$(".token", picker).length * factor);
  });
};
const pick = (option) => {
  const picker = option.closest(".picker");
  const name = $("b", option).textContent;
  if (option.ariaDisabled === "true") return say(picker, `${name}: ${$(".badge", option).textContent.trim()}`);
  if ($$(".token", picker).length >= picker.dataset.max) {
    option.parentElement.replaceChildren(); // what is said stands below it
    showList(picker);
    return say(picker, picker.dataset.full);
  }
  const chip = $("template", picker).content.firstElementChild.cloneNode(true);
  const { person } = option.dataset;
  const button = $("button", chip);
  const avatar = $(".avatar", option);
  avatar.classList.add("s");
  $("input", chip).value = person;
  $("input", chip).ariaLabel = name;
  $("b", chip).replaceWith(avatar, name);
  button.ariaLabel = button.ariaLabel.replace("#", name);
  $(".chips", picker).append(chip);
  settle(picker, picker.dataset.added, name);
};
const unpick = (button) => {
  const picker = button.closest(".picker");
  const chip = button.closest(".token");
  chip.remove();
  settle(picker, picker.dataset.removed, $("input", chip).ariaLabel);
};

on("keydown", (event) => {
  const { key, target } = event;
  const by = { ArrowDown: 1, ArrowUp: -1 }[key];
  const menu = target.closest("details.menu, .menu-cell");
  if (target.role === "combobox") {
    const picker = target.closest(".picker");
    const active = $("[role=option][aria-selected=true]", picker);
    if (by && active) move(picker, by);
    else if (key === "Enter") active && pick(active);
    else if (key === "Escape" && target.value) settle(picker);
    else return;
  } else if (menu && (by || key === "Escape")) {
    const items = $$(".menu-list :is(a, button)", menu);
    by ? (menu.open = true) : closeMenus();
    (by ? items.at((items.indexOf(target) + by) % items.length) : menu.firstElementChild)?.focus();
  } else return;
  event.preventDefault();
});

// Rows that are cards on a phone lose their meaning, unless told.
const ROLES = { "thead, tbody, tfoot": "rowgroup", tr: "row", td: "cell", "thead th": "columnheader", "tbody th": "rowheader" };
const dress = () => {
  $$("table.cards").forEach((table) => {
    table.role = "table";
    Object.entries(ROLES).forEach(([selector, role]) => $$(selector, table).forEach((part) => (part.role = role)));
  });
  $$("[data-menu]").forEach((button) => (button.ariaExpanded ??= false));
  $$("[data-all]").forEach(countSelected);
  $$(".picker").forEach(count);
};

on("htmx:configRequest", (event) => {
  const { elt } = event.detail;
  if (elt.role !== "combobox" || elt.value.trim()) return;
  event.preventDefault();
  showList(elt.closest(".picker"));
});
on("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  stale ||= xhr.status === 422; // others changed what the list behind the pane shows
  if (!/^\s*<!doctype/i.test(xhr.responseText)) return; // sign-in is no fragment
  event.detail.shouldSwap = false;
  if (xhr.status < 400) location.assign(xhr.responseURL);
});
// What was typed into a field before anything listened to it.
const typedBefore = (fields, event, part) => $$(fields, part).forEach((input) => input.value === input.defaultValue || htmx.trigger(input, event));
on("htmx:afterSettle", ({ detail: { target } }) => {
  if (target === pane) showPane();
  if (target.role === "listbox") showList(target.closest(".picker"));
  else typedBefore("[role=combobox]", "typed", target);
  dress();
  // A list that was read again has a new opener, and its menu is still wanted.
  const wanted = $$("[data-menu]").filter(({ href }) => href === menu);
  if (wanted.length && !wanted.some((button) => button.ariaExpanded === "true")) openMenu(wanted[0]);
  if (document.activeElement !== document.body || !opener || opener.isConnected) return;
  // What opened the pane is gone, or there anew; else the page begins again.
  const place = $$("[data-pane]").find(({ href }) => href === opener.href) || $("main h1");
  if (place.matches("h1")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
  opener = null;
});
const failed = () => {
  const place = pane.open ? pane : $("#messages"); // behind a pane nobody sees it
  const said = $("#failed").content.firstElementChild.cloneNode(true);
  $("[data-failed]", place)?.remove();
  const head = $(".pane-head", place);
  head ? head.after(said) : place.prepend(said);
  stale = true;
};
on("htmx:responseError", failed);
on("htmx:sendError", failed);

dress();
addEventListener("load", () => {
  typedBefore("[hx-trigger=change] [type=number]", "change");
  typedBefore("[role=combobox]", "typed");
});
$("main [role=alert][tabindex]")?.focus();
