// The card is confirmed before the form goes.
(() => {
  const form = document.querySelector("#checkout");
  if (!form) return;
  const box = form.querySelector("[data-card]");
  const note = form.querySelector("[data-card-error]");
  const setup = form.elements.setup_intent;
  const words = JSON.parse(document.querySelector("#declines").textContent);
  let stripe, elements, clientSecret, mounting, busy;

  const say = (text) => {
    note.hidden = !text;
    note.lastElementChild.textContent = text;
    if (text) note.scrollIntoView({ block: "center" });
  };
  const explain = (error) => words[error.decline_code] || words[error.code] || (error.decline_code && words[""]) || error.message;
  const entersCard = () => box && form.elements.payment.value === "new" && !setup.value;

  // A GET must not write: the SetupIntent comes when it is wanted.
  const mount = async () => {
    if (!entersCard() || mounting || !window.Stripe) return;
    mounting = true;
    try {
      const answer = await fetch(form.dataset.start, {
        method: "POST",
        headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      });
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.error);
      clientSecret = found.client_secret;
      stripe ??= window.Stripe(form.dataset.key);
      elements = stripe.elements({ clientSecret, locale: form.dataset.locale, appearance: { theme: matchMedia("(prefers-color-scheme:dark)").matches ? "night" : "flat" } });
      box.hidden = false;
      elements.create("payment").mount(box);
    } catch (error) {
      mounting = false;
      say(error.message);
    }
  };
  const show = () => {
    if (box) box.hidden = !entersCard() || !elements;
    mount();
  };

  const button = () => document.querySelector("button[form=checkout][value=place]");
  const lock = (on) => {
    busy = on;
    const press = button();
    if (!press) return;
    press.setAttribute("aria-disabled", !!on);
    const { dataset } = press;
    dataset.text ??= press.textContent;
    press.textContent = on ? dataset.busyText : dataset.text;
  };

  const confirm = async () => {
    const checked = await elements.submit();
    return checked.error ? checked : stripe.confirmSetup({
      elements,
      clientSecret,
      confirmParams: { return_url: location.href },
      redirect: "if_required",
    });
  };

  form.addEventListener("submit", async (event) => {
    if (busy) return event.preventDefault();
    if (event.submitter?.value !== "place") return;
    say();
    lock(true);
    // Else over Stripe's own page.
    if (!entersCard() || !elements) return;
    event.preventDefault();
    const { error, setupIntent } = await confirm();
    lock();
    if (error) return say(explain(error));
    setup.value = setupIntent.id;
    form.requestSubmit(button());
  });
  form.addEventListener("change", show);
  // Typed early.
  const number = form.elements.quantity;
  addEventListener("load", () => number.value === number.defaultValue || htmx.trigger(number, "change"));
  addEventListener("pageshow", () => lock());
  show();
})();
