// Cards are entered in a frame of Stripe's and confirmed there before their form goes.
(() => {
  const $ = (selector, root) => root.querySelector(selector);
  const busy = (form, detail) => form.dispatchEvent(new CustomEvent("card:busy", { bubbles: true, detail }));
  const parts = new WeakMap(); // by form
  const load = (src) =>
    window.Stripe ? Promise.resolve() : new Promise((onload, onerror) => document.head.append(Object.assign(document.createElement("script"), { src, onload, onerror })));

  const setUp = (part) => {
    const { dataset } = part;
    const form = part.closest("form");
    const box = $("[data-card]", part);
    const note = $("[data-card-error]", part);
    const setup = form.elements.setup_intent;
    const words = JSON.parse(dataset.words);
    let stripe, elements, clientSecret, mounting, missing;

    const say = (text) => {
      note.hidden = !text;
      note.lastElementChild.textContent = text;
      if (text) note.scrollIntoView({ block: "center" });
    };
    // Of Stripe's own sentences only those about what was typed are for people.
    const explain = ({ decline_code, code, type, message }) =>
      words[decline_code] || words[code] || (decline_code && words[""]) || (/^(card|validation)_error$/.test(type) ? message : words.unreachable);
    const enters = () => !setup.value && (form.elements.payment?.value ?? "new") === "new";
    // The card is entered for a billing profile, which may have to be chosen first.
    const start = () => $("[data-start]:checked", form)?.dataset.start ?? dataset.start;

    // A GET must not write: the SetupIntent comes when it is wanted.
    const mount = async () => {
      const url = start();
      if (!enters() || !url || mounting === url) return;
      mounting = url;
      elements = null;
      try {
        await load(dataset.script);
      } catch {
        missing = box.hidden = true; // Stripe's own page is left
        return;
      }
      let refusal;
      try {
        const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value } });
        const found = await answer.json();
        refusal = found.error;
        if (refusal) throw refusal;
        if (mounting !== url) return;
        clientSecret = found.client_secret;
        stripe ??= window.Stripe(dataset.key);
        elements = stripe.elements({ clientSecret, locale: dataset.locale, appearance: { theme: matchMedia("(prefers-color-scheme:dark)").matches ? "night" : "flat" } });
        elements.create("payment").mount(box);
      } catch {
        mounting = null;
        box.hidden = true;
        say(refusal || words.unreachable);
      }
    };
    // Its room is kept from the beginning, so that nothing moves when the frame comes.
    const show = () => {
      box.hidden = missing || !enters() || !start();
      mount();
    };
    const confirm = async () => {
      const checked = await elements.submit();
      return checked.error ? checked : stripe.confirmSetup({ elements, clientSecret, confirmParams: { return_url: location.href }, redirect: "if_required" });
    };
    const send = async (event) => {
      if (form.dataset.busy || !enters() || !elements || event.submitter?.formNoValidate) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      say();
      busy(form, true);
      const { error, setupIntent } = await confirm();
      busy(form, false);
      if (error) return say(explain(error));
      setup.value = setupIntent.id;
      form.requestSubmit(submitter);
    };
    parts.set(form, send);
    form.addEventListener("change", show);
    show();
  };

  const find = () => document.querySelectorAll("[data-card-form]").forEach((part) => parts.has(part.closest("form")) || setUp(part));
  // Before anybody else hears of it.
  addEventListener("submit", (event) => parts.get(event.target)?.(event), true);
  document.addEventListener("htmx:afterSettle", find);
  find();
})();
