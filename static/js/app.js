// The portal's behaviour, by event delegation. Every page works without it.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, handler, capture) => document.addEventListener(type, handler, capture);
  const pane = $("#pane");
  let opener, lastUrl;

  const load = (url, target, source, swap = "innerHTML") => htmx.ajax("GET", url, { target, swap, source });
  const plain = (event) => !event.defaultPrevented && !event.button && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  const fill = (text, number) => text.replace("#", String(number).replace("-", "−"));

  // Panes and dialogs: one <dialog>, filled from the link's own address.
  const openPane = (url, kind, from) => {
    opener = from;
    lastUrl = url;
    pane.className = kind || "pane";
    load(url, "#pane", from);
  };
  const showPane = () => {
    // An empty answer means: done.
    if (!pane.firstElementChild) return pane.close();
    if (!pane.open) pane.showModal();
    ($("[aria-invalid=true], [role=alert], [autofocus]", pane) || $("[tabindex='-1']", pane) || pane).focus();
  };
  if (pane) {
    pane.addEventListener("close", () => {
      pane.replaceChildren();
      opener?.focus();
      opener = null;
    });
    pane.addEventListener("mousedown", (event) => {
      const box = pane.getBoundingClientRect();
      if (event.target === pane && (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom)) pane.close();
    });
  }

  // A list's own links and filter forms replace only the list.
  const formUrl = (form, submitter) => {
    const data = new FormData(form, submitter);
    const query = new URLSearchParams([...data].filter(([name, value]) => value !== "" && name !== "csrfmiddlewaretoken"));
    return `${(submitter?.formAction && submitter.hasAttribute("formaction") ? submitter.formAction : form.action).split("?")[0]}?${query}`;
  };

  // Menus.
  const menuOf = (element) => element.closest("details.menu, .menu-cell");
  const closeMenus = (except) => {
    $$("details.menu[open]").forEach((menu) => menu !== except && (menu.open = false));
    $$("[data-menu][aria-expanded=true]").forEach((button) => {
      if (button.parentElement === except) return;
      button.setAttribute("aria-expanded", "false");
      $(".menu-list", button.parentElement)?.remove();
    });
  };
  const menuItems = (menu) => $$(".menu-list :is(a, button, input)", menu);

  on("click", (event) => {
    const target = event.target;
    const menu = menuOf(target);
    const link = target.closest("a[data-pane], a[data-list], a[data-menu], [data-close], [data-step], [data-clear], [data-dismiss], [data-remove], [role=option]");
    if (!target.closest("[data-menu]")) closeMenus(target.closest(".menu-list a") ? null : menu);
    if (!link || !plain(event)) return;
    const data = link.dataset;
    if ("close" in data) {
      if (!pane?.contains(link)) return;
      pane.close();
    } else if ("pane" in data) openPane(link.href, data.pane, link.closest(".menu-cell")?.firstElementChild || link.closest("details.menu")?.firstElementChild || link);
    else if ("list" in data) load(link.href, "#list", link, "outerHTML");
    else if ("menu" in data) openMenu(link);
    else if ("step" in data) step(link);
    else if ("clear" in data) $$("[type=checkbox]", link.closest("form")).forEach((box) => select(box, false));
    else if ("dismiss" in data) link.closest(".message").remove();
    else if ("remove" in data) unpick(link);
    else pick(link);
    event.preventDefault();
  });

  const openMenu = (button) => {
    const open = button.getAttribute("aria-expanded") === "true";
    closeMenus();
    if (open) return;
    button.setAttribute("aria-expanded", "true");
    load(button.href, button.parentElement, button, "beforeend").then(() => menuItems(button.parentElement)[0]?.focus());
  };

  const step = (button) => {
    const input = $("input", button.parentElement);
    button.dataset.step > 0 ? input.stepUp() : input.stepDown();
    ["input", "change"].forEach((type) => input.dispatchEvent(new Event(type, { bubbles: true })));
  };

  // Selecting rows: [data-all], the count in [data-selected], commands in [data-needs].
  const select = (box, checked) => {
    box.checked = checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const countSelected = (form) => {
    const boxes = $$("tbody [type=checkbox]", form);
    const count = boxes.filter((box) => box.checked).length;
    const all = $("[data-all]", form);
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    $$("[data-selected]", form).forEach((text) => {
      text.hidden = !count;
      const words = $("b", text);
      words.textContent = fill(text.dataset.selected, count);
    });
    $$("[data-needs]", form).forEach((button) => (button.disabled = !count));
  };

  on("change", (event) => {
    const { target } = event;
    const form = target.form;
    if (target.matches("[data-all]")) $$("tbody [type=checkbox]", form).forEach((box) => (box.checked = target.checked));
    if (form && $("[data-all]", form)) countSelected(form);
    if (form?.matches("[data-auto]") && target.type !== "search") form.requestSubmit();
  });
  let typing;
  on("input", (event) => {
    const form = event.target.form;
    if (event.target.type !== "search" || !form?.matches("[data-auto]")) return;
    clearTimeout(typing);
    typing = setTimeout(() => form.requestSubmit(), 250);
  });

  // Forms: lists and panes by htmx; a form that is under way is not sent again.
  on("submit", (event) => {
    const form = event.target;
    if (form.dataset.busy) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (form.method === "get" && (event.submitter?.hasAttribute("data-pane") || "list" in form.dataset)) {
      event.preventDefault();
      const url = formUrl(form, event.submitter);
      "list" in form.dataset ? load(url, "#list", form, "outerHTML") : openPane(url, event.submitter.dataset.pane, event.submitter);
    } else if (form.method === "post" && !("own" in form.dataset)) {
      form.dataset.busy = "1";
      // After the form's data were read: the pressed button's name is part of them.
      setTimeout(() => buttons(form).forEach((button) => button.setAttribute("aria-disabled", "true")));
      if (!pane?.contains(form)) return;
      event.preventDefault();
      const { name, value } = event.submitter || {};
      htmx.ajax("POST", form.action, { target: "#pane", source: form, values: name ? { [name]: value } : {} });
    }
  }, true);
  const buttons = (form) => [...form.elements].filter((element) => element.type === "submit");
  const ready = (form) => {
    delete form.dataset.busy;
    buttons(form).forEach((button) => button.removeAttribute("aria-disabled"));
  };
  addEventListener("pageshow", (event) => event.persisted && $$("form[data-busy]").forEach(ready));

  // The people picker: an ARIA 1.2 combobox with chips.
  const chips = (picker) => $$(".token", picker);
  const active = (picker) => $("[role=option][aria-selected=true]", picker);
  const listOf = (picker) => $("[role=listbox]", picker);
  const inputOf = (picker) => $("[role=combobox]", picker);
  const closeList = (picker) => {
    listOf(picker).replaceChildren();
    showList(picker);
  };
  const showList = (picker) => {
    const list = listOf(picker);
    const chosen = new Set(chips(picker).map((chip) => $("input", chip).value));
    $$("[role=option]", list).forEach((option) => chosen.has(option.dataset.id) && option.remove());
    list.hidden = !list.children.length;
    inputOf(picker).setAttribute("aria-expanded", String(!list.hidden));
    move(picker, 0);
  };
  const move = (picker, by) => {
    const options = $$("[role=option]", picker);
    const now = options.indexOf(active(picker));
    options[now]?.setAttribute("aria-selected", "false");
    const next = options[by ? (now + by + options.length) % options.length : 0];
    next?.setAttribute("aria-selected", "true");
    next?.scrollIntoView({ block: "nearest" });
    next ? inputOf(picker).setAttribute("aria-activedescendant", next.id) : inputOf(picker).removeAttribute("aria-activedescendant");
  };
  const count = (picker) => {
    const number = chips(picker).length;
    $$("[data-count]", picker.closest("form") || picker).forEach((text) => {
      const { count: words, base = 0, factor = 1 } = text.dataset;
      text.textContent = fill(words, Number(base) + number * factor);
    });
  };
  const say = (picker, words) => ($("[data-say]", picker).textContent = words);
  const pick = (option) => {
    const picker = option.closest(".picker");
    if (option.getAttribute("aria-disabled") === "true") return;
    if (chips(picker).length >= picker.dataset.max) return say(picker, picker.dataset.full);
    const chip = $("template", picker).content.firstElementChild.cloneNode(true);
    const { id, name } = option.dataset;
    $("input", chip).value = id;
    $("b", chip).replaceWith($(".avatar", option).cloneNode(true), name);
    $(".avatar", chip).classList.add("s");
    const remove = $("button", chip);
    remove.setAttribute("aria-label", remove.getAttribute("aria-label").replace("#", name));
    $(".chips", picker).append(chip);
    inputOf(picker).value = "";
    say(picker, "");
    closeList(picker);
    count(picker);
    inputOf(picker).focus();
  };
  const unpick = (button) => {
    const picker = button.closest(".picker");
    button.closest(".token").remove();
    say(picker, "");
    count(picker);
    inputOf(picker).focus();
  };

  on("keydown", (event) => {
    const { key, target } = event;
    const picker = target.closest('.picker:has([role=combobox])');
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (picker && target.matches("[role=combobox]")) {
      const open = !listOf(picker).hidden;
      if (arrow && open) move(picker, arrow);
      else if (key === "Enter") open && active(picker) && pick(active(picker));
      else if (key === "Escape" && (open || target.value)) {
        target.value = "";
        closeList(picker);
      } else if (key === "Backspace" && !target.value && chips(picker).length) unpick($("button", chips(picker).at(-1)));
      else return;
      event.preventDefault();
      return;
    }
    const menu = menuOf(target);
    const items = menu && menuItems(menu);
    if (!items?.length || (menu.matches("details") && !menu.open && !arrow)) return;
    if (key === "Escape") {
      closeMenus();
      menu.firstElementChild.focus();
    } else if (arrow || key === "Home" || key === "End") {
      if (menu.matches("details")) menu.open = true;
      const now = items.indexOf(target);
      const next = key === "Home" ? 0 : key === "End" ? -1 : now < 0 && arrow < 0 ? -1 : (now + arrow) % items.length;
      items.at(next).focus();
    } else return;
    event.preventDefault();
  });

  // Rows become cards on a phone: say what they are, as display drops it.
  const ROLES = { table: "table", "thead, tbody, tfoot": "rowgroup", tr: "row", td: "cell", "thead th": "columnheader", "tbody th": "rowheader" };
  const dress = (root) => {
    $$("table.cards", root).forEach((table) => {
      Object.entries(ROLES).forEach(([selector, role]) => [...(selector === "table" ? [table] : $$(selector, table))].forEach((part) => part.setAttribute("role", role)));
    });
    $$("[data-all]", root).forEach((all) => countSelected(all.form));
    $$(".picker", root).forEach((picker) => inputOf(picker) && count(picker));
    $$(".toasts .message:not(.bad)", root).forEach((toast) => setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(), 8000));
  };

  on("htmx:configRequest", (event) => {
    if (event.detail.elt.matches("[role=combobox]") && !event.detail.elt.value.trim()) {
      event.preventDefault();
      closeList(event.detail.elt.closest(".picker"));
    }
  });
  on("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    // A whole page (sign-in, an error) is shown as one, not inside a pane.
    if (!/^\s*<!doctype/i.test(xhr.responseText)) return;
    event.detail.shouldSwap = false;
    if (xhr.status < 400) location.assign(xhr.responseURL);
  });
  on("htmx:afterRequest", (event) => event.detail.elt.matches("form") && ready(event.detail.elt));
  on("htmx:afterSettle", (event) => {
    const { target } = event.detail;
    if (target.id === "pane") showPane();
    // The list was read again after a pane closed: its opener is a new element now.
    if (target.id === "list" && document.activeElement === document.body) $$("[data-pane]").find((link) => link.href === lastUrl)?.focus();
    const picker = target.closest(".picker");
    if (picker && target.matches("[role=listbox]")) showList(picker);
    dress(document);
  });
  const failed = () => {
    const note = $("#failed");
    if (note) $("#messages").append(note.content.cloneNode(true));
  };
  on("htmx:responseError", failed);
  on("htmx:sendError", failed);

  dress(document);
  $("main [role=alert][tabindex]")?.focus();
})();
