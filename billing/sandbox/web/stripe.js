// The sandbox's stand-in for https://js.stripe.com/endive/stripe.js: the calls that the
// portal makes, with the same names, arguments and answers. Card fields and the bank's
// challenge are frames of the sandbox's own origin, so a page never sees a card.
(() => {
  "use strict";
  const BASE = new URL(document.currentScript.src).origin;
  let calls = 0;

  const listen = (element, handlers) => {
    const heard = ({ source, origin, data }) => {
      if (source !== element.contentWindow || origin !== BASE || !data?.sandbox) return;
      if (data.type === "height") element.style.height = `${Math.max(data.height, 60)}px`;
      handlers[data.type]?.(data);
    };
    addEventListener("message", heard);
    return () => removeEventListener("message", heard);
  };

  // A frame is see-through only in the colour scheme of the page around it.
  const frame = (path, query, title, around) => {
    const element = document.createElement("iframe");
    const scheme = getComputedStyle(around).colorScheme;
    element.src = `${BASE}${path}?${new URLSearchParams({ ...query, scheme })}`;
    element.title = title;
    Object.assign(element.style, { width: "100%", maxWidth: "none", height: "150px", border: "0", display: "block", colorScheme: scheme });
    // Escape, or a button of the page, may be pressed before the frame listens.
    element.ready = new Promise((loaded) => listen(element, { ready: loaded }));
    return element;
  };

  const ask = async (element, message) => {
    await element.ready;
    return new Promise((resolve) => {
      const id = ++calls;
      const stop = listen(element, {
        reply: (data) => {
          if (data.id !== id) return;
          stop();
          resolve(data.result);
        },
      });
      element.contentWindow.postMessage({ ...message, id }, BASE);
    });
  };

  // The bank's page, over everything.
  const challenge = (locale, secret) =>
    new Promise((resolve) => {
      const dialog = document.createElement("dialog");
      const view = frame("/elements/challenge", { locale }, "3-D Secure", document.documentElement);
      Object.assign(dialog.style, { width: "min(440px, 92vw)", padding: "0", margin: "auto", borderRadius: "8px", overflow: "hidden" });
      dialog.setAttribute("aria-label", "3-D Secure");
      let over = false;
      const finish = async (outcome) => {
        if (over) return;
        over = true;
        const result = await ask(view, { sandboxCall: "authenticate", secret, outcome });
        stop();
        dialog.close();
        dialog.remove();
        resolve(result);
      };
      const stop = listen(view, { outcome: ({ outcome }) => finish(outcome) });
      dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        finish("failed");
      });
      dialog.append(view);
      document.body.append(dialog);
      dialog.showModal();
    });

  const makeElements = ({ clientSecret, locale = "en" } = {}) => {
    const made = { _secret: clientSecret, _locale: locale, _frame: null };
    made.create = (type) => {
      if (type !== "payment") throw new Error(`The sandbox knows the payment element only, not ${type}.`);
      const handlers = {};
      return {
        mount(target) {
          const place = typeof target === "string" ? document.querySelector(target) : target;
          made._frame = frame("/elements/card", { locale }, "Secure card entry", place);
          listen(made._frame, {
            ready: () => handlers.ready?.({ elementType: "payment" }),
            change: (data) => handlers.change?.({ elementType: "payment", complete: data.complete }),
          });
          Object.assign(made._frame.style, { width: "calc(100% + 8px)", height: "132px", margin: "-4px" });
          place.replaceChildren(made._frame);
        },
        on(event, handler) {
          handlers[event] = handler;
          return this;
        },
        unmount: () => made._frame?.remove(),
        destroy: () => made._frame?.remove(),
      };
    };
    made.submit = async () => {
      const error = await ask(made._frame, { sandboxCall: "check" });
      return error ? { error } : {};
    };
    return made;
  };

  const settled = (result, name) => (result.error ? { error: result.error } : { [name]: result });

  window.Stripe = Object.assign(
    (key) => {
      if (!/^pk_test_/.test(key)) throw new Error("The sandbox takes publishable keys that start with pk_test_.");
      const read = async (secret) => {
        const answer = await fetch(`${BASE}/elements/intent?${new URLSearchParams({ client_secret: secret })}`);
        return answer.json();
      };
      return {
        elements: makeElements,
        async confirmSetup({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
          const secret = clientSecret || elements._secret;
          let result = await ask(elements._frame, { sandboxCall: "confirm", secret });
          if (!result.error && result.status === "requires_action") result = await challenge(elements._locale, secret);
          if (!result.error && redirect === "always") {
            const url = new URL(confirmParams.return_url);
            url.searchParams.set("setup_intent", result.id);
            url.searchParams.set("setup_intent_client_secret", secret);
            url.searchParams.set("redirect_status", "succeeded");
            location.assign(url);
            return new Promise(() => {});
          }
          return settled(result, "setupIntent");
        },
        async handleNextAction({ clientSecret }) {
          return settled(await challenge("en", clientSecret), clientSecret.startsWith("pi_") ? "paymentIntent" : "setupIntent");
        },
        async retrieveSetupIntent(secret) {
          return settled(await read(secret), "setupIntent");
        },
      };
    },
    { version: "endive" },
  );
})();
