// What the pixel did in this browser ("capi:event") goes in, the tape at the foot of the page comes out.
(() => {
  "use strict";

  const KEY = "shop-tape";
  const LENGTH = 12;
  const STATES = { fired: "fired", blocked: "blocked" };
  const list = document.querySelector("#tape ol");
  const empty = document.querySelector("#tape .empty");

  function remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY)) || [];
    } catch {
      return [];
    }
  }

  function remember(events) {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(events));
    } catch {
      // A browser without storage shows this page's events only.
    }
  }

  function part(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  }

  function row({ event_name, event_id, state }) {
    const item = document.createElement("li");
    item.className = state;
    item.append(part("b", "name", event_name), part("code", "id", event_id.slice(0, 8)), part("span", "state", state));
    item.title = event_id;
    return item;
  }

  function show(events) {
    list.replaceChildren(...events.map(row));
    empty.hidden = events.length > 0;
    list.hidden = events.length === 0;
  }

  let events = remembered();

  document.addEventListener("capi:event", ({ detail }) => {
    const seen = {
      event_name: String(detail.event_name),
      event_id: String(detail.event_id),
      state: STATES[detail.state] || "unknown",
    };
    events = [seen, ...events].slice(0, LENGTH);
    remember(events);
    show(events);
  });

  show(events);
})();
