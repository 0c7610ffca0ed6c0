// Refreshes the list of test events every two seconds, until it is paused. Without this script the page is reloaded.
"use strict";
(() => {
  const controls = document.getElementById("capi-tail-controls");
  const body = document.querySelector("#capi-tail tbody");
  const button = document.getElementById("capi-tail-pause");
  const status = document.getElementById("capi-tail-status");
  if (!controls || !body || !button || !status) return;
  const INTERVAL = 2000;
  let isPaused = false;
  let newest = body.querySelector("small")?.textContent ?? "";

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const pill = ({tone, mark, word}) => {
    const made = element("span", "", {class: `capi-pill capi-${tone}`});
    made.append(element("span", mark, {"aria-hidden": "true"}), ` ${word}`);
    return made;
  };

  const cell = (content) => {
    const made = element("td");
    made.append(content);
    return made;
  };

  const line = (row) => {
    const made = element("tr");
    const head = element("th", "", {scope: "row"});
    const link = element("a", "", {href: row.url});
    link.append(element("bdi", row.event_name));
    const id = element("small");
    id.append(element("bdi", row.event_id));
    head.append(link, element("br"), id);
    made.append(
      head,
      cell(row.time),
      cell(pill(row.server)),
      cell(pill(row.browser)),
      cell(row.outcome),
      cell(element("bdi", row.pixel)),
      cell(element("bdi", row.code)),
      cell(element("bdi", row.trace)),
    );
    return made;
  };

  const refresh = async () => {
    if (isPaused || document.hidden) return;
    try {
      const answer = await fetch(controls.dataset.feed, {credentials: "same-origin", redirect: "error"});
      if (!answer.ok) throw new Error(String(answer.status));
      const {rows} = await answer.json();
      if (isPaused) return;
      body.replaceChildren(...rows.map(line));
      const first = rows[0];
      if (first && first.event_id !== newest) {
        newest = first.event_id;
        status.textContent = controls.dataset.added
          .replace("{event}", () => first.event_name)
          .replace("{outcome}", () => first.outcome);
      }
    } catch {
      status.textContent = controls.dataset.failed;
    }
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? controls.dataset.resume : controls.dataset.pause;
  });
  setInterval(refresh, INTERVAL);
})();
