// A click on Accept or Decline goes in, the shop's own cookie and a "capi:consent" event come out.
(() => {
  "use strict";

  const COOKIE = "shop_consent";
  const HALF_A_YEAR = 15552000;
  const banner = document.querySelector("#consent");
  let asked = null;

  function isAnswered() {
    return document.cookie.split("; ").some((pair) => /^shop_consent=(yes|no)$/.test(pair));
  }

  function ask(button) {
    asked = button;
    banner.hidden = false;
    banner.querySelector("button").focus();
  }

  function answer(choice) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${COOKIE}=${choice}; path=/; max-age=${HALF_A_YEAR}; samesite=lax${secure}`;
    banner.hidden = true;
    if (asked) asked.focus();
    document.dispatchEvent(new CustomEvent("capi:consent", { detail: { granted: choice === "yes" } }));
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-consent]");
    if (!button) return;
    if (button.dataset.consent === "ask") ask(button);
    else answer(button.dataset.consent);
  });

  banner.hidden = isAnswered();
})();
