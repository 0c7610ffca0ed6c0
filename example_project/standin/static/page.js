/* In: the counts of the stand-in. Out: the page's list kept fresh, opened rows left open. */
(function () {
  "use strict";

  const EVERY_MS = 1500;
  let shown = null;

  async function refresh() {
    const counts = await (await fetch("/_counts.json")).text();
    if (counts !== shown) {
      if (shown !== null) {
        replaceList(await (await fetch("/")).text());
      }
      shown = counts;
    }
  }

  function replaceList(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("seen");
    const list = document.getElementById("seen");
    const open = new Set([...list.querySelectorAll("details[open]")].map((row) => row.dataset.key));
    fresh.querySelectorAll("details").forEach((row) => { row.open = open.has(row.dataset.key); });
    list.replaceWith(fresh);
  }

  async function poll() {
    if (!document.hidden) {
      await refresh().catch(() => {});  // the stand-in was stopped: show what was last seen
    }
    setTimeout(poll, EVERY_MS);
  }

  poll();
})();
