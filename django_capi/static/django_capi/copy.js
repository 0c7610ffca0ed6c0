// Shows a button beside each text that can be copied. Without this script there is none.
"use strict";
(() => {
  const select = (source) => {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };

  const copied = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      return true;
    } catch {
      // Over plain HTTP browsers have no clipboard, and a policy of the site may forbid it.
      select(source);
      return document.execCommand("copy");
    }
  };

  for (const button of document.querySelectorAll("button[data-capi-copy]")) {
    const source = document.getElementById(button.dataset.capiCopy);
    const status = document.getElementById(`${button.dataset.capiCopy}-status`);
    if (!source || !status) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      status.textContent = ""; // so that the same words are announced again
      const isCopied = await copied(source);
      status.textContent = isCopied ? button.dataset.copied : button.dataset.failed;
    });
  }
})();
