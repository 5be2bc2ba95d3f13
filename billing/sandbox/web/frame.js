// Inside the sandbox's own frames. What is typed goes from here to the sandbox only.
(() => {
  "use strict";
  const kind = document.body.dataset.frame;
  const tell = (message) => parent.postMessage({ sandbox: true, ...message }, "*");
  const measure = () => tell({ type: "height", height: document.documentElement.offsetHeight });

  const form = document.querySelector("#card");
  const digits = (text) => text.replace(/\D/g, "");
  const expiry = () => {
    const found = form.elements.expiry.value.match(/^\s*(\d{1,2})\s*\/?\s*(\d{2}|\d{4})\s*$/);
    if (!found) return null;
    return { exp_month: Number(found[1]), exp_year: Number(found[2].length === 2 ? `20${found[2]}` : found[2]) };
  };

  // What Stripe's element refuses before anything is sent.
  const fault = () => {
    const checks = [
      [form.elements.number, digits(form.elements.number.value).length >= 13, "incomplete_number"],
      [form.elements.expiry, expiry(), "incomplete_expiry"],
      [form.elements.cvc, digits(form.elements.cvc.value).length >= 3, "incomplete_cvc"],
    ];
    let first = null;
    for (const [input, fine, code] of checks) {
      input.setAttribute("aria-invalid", String(!fine));
      if (!fine && !first) {
        first = { type: "validation_error", code, message: document.body.dataset[code] };
        input.focus();
      }
    }
    return first;
  };

  const post = async (path, fields) => {
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ ...fields, locale: document.documentElement.lang }) });
    return answer.json();
  };

  const confirm = (secret) =>
    post("/elements/confirm", { client_secret: secret, number: digits(form.elements.number.value), cvc: form.elements.cvc.value, ...expiry() });

  addEventListener("message", async ({ data }) => {
    if (!data?.sandboxCall) return;
    const reply = (result) => tell({ type: "reply", id: data.id, result });
    if (data.sandboxCall === "check") return reply(fault());
    try {
      if (data.sandboxCall === "confirm") reply(await confirm(data.secret));
      if (data.sandboxCall === "authenticate") reply(await post("/elements/authenticate", { client_secret: data.secret, outcome: data.outcome }));
    } catch {
      reply({ error: { type: "api_connection_error", message: document.body.dataset.unreachable } });
    }
  });

  form?.addEventListener("submit", (event) => event.preventDefault());
  form?.addEventListener("input", (event) => {
    const input = event.target;
    input.removeAttribute("aria-invalid");
    if (input.name === "number") input.value = digits(input.value).replace(/(.{4})(?=.)/g, "$1 ");
    if (input.name === "expiry" && /^\d{3,}$/.test(input.value)) input.value = `${input.value.slice(0, 2)} / ${input.value.slice(2)}`;
    tell({ type: "change", complete: Boolean(digits(form.elements.number.value).length >= 13 && expiry() && digits(form.elements.cvc.value).length >= 3) });
  });
  document.querySelectorAll("[data-outcome]").forEach((button) => button.addEventListener("click", () => tell({ type: "outcome", outcome: button.dataset.outcome })));

  // The page around it doesn't hear keys that are pressed in here.
  if (kind === "challenge") addEventListener("keydown", ({ key }) => key === "Escape" && tell({ type: "outcome", outcome: "failed" }));

  new ResizeObserver(measure).observe(document.documentElement);
  // Nothing can be typed or pressed before somebody listens.
  document.querySelector("fieldset").disabled = false;
  tell({ type: "ready", kind });
  measure();
})();
