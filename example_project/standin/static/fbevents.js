/*
 * In: the calls a page queued on window.fbq. Out: one request to /tr/ for each event and pixel.
 *
 * A stand-in for Meta's library: its documented behaviour, none of its code. It reports to the origin that served it.
 * Served inside one strict function, after matching.js.
 */

const fbq = window.fbq;
if (!fbq || fbq.callMethod) {
  return;
}

const ADDRESS = new URL((document.currentScript || document.querySelector('script[src*="/fbevents.js"]')).src);
const ORIGIN = ADDRESS.origin;
// In the script's own address: ?automatic sends clicks and page metadata as a real configuration may tell the library
// to, ?slow=SECONDS delays each pixel's configuration.
const SWITCHES = ADDRESS.searchParams;
const VERSION = "2.9.999";
const LONGEST_URL = 2048;
const COOKIE_SECONDS = 90 * 24 * 60 * 60;

const pixels = new Map();
const held = [];
const settings = { agent: {}, autoConfig: {}, firstPartyCookies: {}, trackSingleOnly: {} };
let isLocked = false;
let processing = null;
let sent = 0;
let address = location.href;

// ---- the calls -------------------------------------------------------------------------------------------------

const METHODS = {
  init: init,
  track: (name, data, options) => trackAll(name, data, options),
  trackCustom: (name, data, options) => trackAll(name, data, options),
  trackSingle: (id, name, data, options) => trackOne(id, name, data, options),
  trackSingleCustom: (id, name, data, options) => trackOne(id, name, data, options),
  automaticPageView: () => everyPixel((pixel) => record(pixel, "PageView", {}, {})),
  set: set,
  dataProcessingOptions: (options, country, state) => { processing = { options, country, state }; },
  consent: consent,
};

function callMethod(method, ...rest) {
  if (isLocked && method !== "consent") {
    held.push([method, ...rest]);  // the lock holds every call, init included
    return;
  }
  if (!Object.hasOwn(METHODS, method)) {
    warn(`there is no method ${String(method)}`);
    return;
  }
  METHODS[method](...rest);
}

function consent(action) {
  isLocked = action === "revoke";
  while (!isLocked && held.length) {
    callMethod(...held.shift());
  }
}

function init(id, userData, options) {
  const key = String(id);
  const known = pixels.get(key);
  if (known) {
    if (Object.keys(known.userData).length || !userData) {
      warn(`pixel ${key} was initialised before`);
    } else {
      known.userData = hashedUserData(userData);
    }
    return;
  }
  const agent = (options && options.agent) || settings.agent[key];
  const userDataToSend = hashedUserData(userData || {});
  // Only what was set before this call counts.
  const isAutomatic = SWITCHES.has("automatic") && String(settings.autoConfig[key]) !== "false";
  pixels.set(key, {
    id: key, userData: userDataToSend, agent, isAutomatic, hasConfig: false, hasPageView: false, waiting: [],
  });
  loadConfig(key);
}

function set(name, value, id) {
  if (Object.hasOwn(settings, name)) {
    settings[name][String(id)] = value;
    const pixel = pixels.get(String(id));
    if (name === "agent" && pixel) {
      pixel.agent = value;
    }
  }
}

function trackAll(name, data, options) {
  everyPixel((pixel) => {
    // A second PageView on one load is dropped in silence, but only when it came by track.
    if (name === "PageView" && pixel.hasPageView && !fbq.allowDuplicatePageViews) {
      return;
    }
    pixel.hasPageView = pixel.hasPageView || name === "PageView";
    record(pixel, name, data, options);
  });
}

function trackOne(id, name, data, options) {
  const pixel = pixels.get(String(id));
  if (pixel) {
    record(pixel, name, data, options);
  } else {
    warn(`pixel ${String(id)} is not initialised`);
  }
}

function everyPixel(act) {
  [...pixels.values()].filter((pixel) => settings.trackSingleOnly[pixel.id] !== true).forEach(act);
}

function record(pixel, name, data, options) {
  if (data && (data.eventID || data.event_id)) {
    warn("an event id belongs into the fourth argument");
  }
  const eventId = options && (options.eventID || options.event_id);
  const formData = (options && options.formData) || {};
  const page = { url: location.href, referrer: document.referrer };
  pixel.waiting.push({ name, data: data || {}, eventId, formData, ...page, time: Date.now() });
  flush(pixel);
}

// ---- the pixel's configuration: nothing is sent before it has run ------------------------------------------------

function loadConfig(id) {
  const script = document.createElement("script");
  script.async = true;
  const wait = SWITCHES.has("slow") ? `&wait=${SWITCHES.get("slow")}` : "";
  script.src = trusted(`${ORIGIN}/signals/config/${encodeURIComponent(id)}?v=${VERSION}&domain=${location.hostname}${wait}`);
  document.head.appendChild(script);
}

// A page may demand Trusted Types, and list the names of the policies that scripts may make.
let policy = null;

function trusted(url) {
  if (!window.trustedTypes) return url;
  policy = policy || trustedTypes.createPolicy("connect.facebook.net/fbevents", { createScriptURL: (text) => text });
  return policy.createScriptURL(url);
}

function configLoaded(id) {
  const pixel = pixels.get(id);
  if (pixel) {
    pixel.hasConfig = true;
    flush(pixel);
    if (pixel.isAutomatic) {
      sendMicrodata(pixel);
    }
  }
}

function flush(pixel) {
  while (pixel.hasConfig && pixel.waiting.length) {
    send(pixel, pixel.waiting.shift());
  }
}

// ---- one request for one event -----------------------------------------------------------------------------------

function send(pixel, event) {
  const fields = new URLSearchParams();
  const add = (name, value) => { if (value !== undefined && value !== null) { fields.append(name, asText(value)); } };
  const cookies = settings.firstPartyCookies[pixel.id] === false ? {} : { fbp: keepFbp(), fbc: keepFbc() };
  add("id", pixel.id);
  add("ev", event.name);
  add("dl", event.url);
  add("rl", event.referrer);
  add("if", window.top !== window.self);
  add("ts", event.time);
  Object.entries(event.data).forEach(([key, value]) => add(`cd[${key}]`, value));
  Object.entries(pixel.userData).forEach(([key, value]) => add(`ud[${key}]`, value));
  Object.entries(event.formData).forEach(([key, value]) => add(`udff[${key}]`, value));
  add("sw", screen.width);
  add("sh", screen.height);
  add("v", VERSION);
  add("a", pixel.agent);
  add("ec", sent++);
  add("fbp", cookies.fbp);
  add("fbc", cookies.fbc);
  add("eid", event.eventId);
  if (processing) {
    add("dpo", [].concat(processing.options || []).join(","));
    add("dpoco", processing.country);
    add("dpost", processing.state);
  }
  deliver(fields);
}

function deliver(fields) {
  const url = `${ORIGIN}/tr/?${fields}`;
  if (url.length < LONGEST_URL) {
    new Image().src = `${url}&rqm=GET`;
  } else {
    fields.append("rqm", "SB");
    navigator.sendBeacon(`${ORIGIN}/tr/`, fields);
  }
}

function asText(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// ---- first-party cookies -----------------------------------------------------------------------------------------

function keepFbp() {
  const current = readCookie("_fbp");
  const random = `${Math.floor(Math.random() * 1e9)}${Math.floor(Math.random() * 1e9)}`;
  return writeCookie("_fbp", (domain) => (isOurs(current) ? current : `fb.${domain.index}.${Date.now()}.${random}`));
}

function keepFbc() {
  const current = readCookie("_fbc");
  const clicked = (/[?&]fbclid=([A-Za-z0-9_-]{1,500})(?:[&#]|$)/.exec(location.search) || [])[1];
  // The click id is the fourth segment; a fifth may follow, so "after the last dot" would be wrong.
  const isNew = clicked && !(isOurs(current) && current.split(".")[3] === clicked);
  if (!isNew && !isOurs(current)) {
    return undefined;
  }
  return writeCookie("_fbc", (domain) => (isNew ? `fb.${domain.index}.${Date.now()}.${clicked}` : current));
}

function isOurs(value) {
  return typeof value === "string" && /^fb\.\d+\.\d+\.[^.]+(\.[^.]+)?$/.test(value);
}

function readCookie(name) {
  const start = `${name}=`;
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(start));
  return found && found.slice(start.length);
}

/* Written again on every load, which moves the expiry and leaves the value alone. */
function writeCookie(name, make) {
  for (const domain of cookieDomains()) {
    const value = make(domain);
    const where = domain.name ? `; domain=.${domain.name}` : "";
    document.cookie = `${name}=${value}${where}; path=/; max-age=${COOKIE_SECONDS}; samesite=lax`;
    if (readCookie(name) === value) {
      return value;
    }
  }
  return make({ index: 1 });
}

/* From the widest domain to the host itself; the browser refuses those that are public suffixes. */
function cookieDomains() {
  const host = location.hostname;
  const labels = host.split(".");
  if (labels.length === 1 || host.includes(":") || /^[\d.]+$/.test(host)) {
    return [{ name: "", index: labels.length === 1 ? 0 : 1 }];
  }
  return labels.slice(1).map((_, at) => ({ name: labels.slice(labels.length - at - 2).join("."), index: at + 1 }));
}

// ---- automatic configuration: no event id, and form fields that the site did not pass -------------------------------

function sendMicrodata(pixel) {
  record(pixel, "Microdata", { meta: { title: document.title } }, {});
}

function watchClicks() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button, input[type=submit], a");
    if (!button || isLocked) {
      return;
    }
    const email = document.querySelector("input[type=email]");
    const formData = hashedUserData(email && email.value ? { em: email.value } : {});
    [...pixels.values()].filter((pixel) => pixel.isAutomatic).forEach((pixel) => {
      record(pixel, "SubscribedButtonClick", { buttonText: button.textContent.trim() }, { formData });
    });
  }, true);
}

// ---- page views that the page did not ask for: they carry no event id --------------------------------------------

function watchHistory() {
  ["pushState", "replaceState"].forEach((name) => {
    const original = history[name];
    history[name] = function (...rest) {
      original.apply(this, rest);
      moved();
    };
  });
  window.addEventListener("popstate", moved);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      callMethod("automaticPageView");
    }
  });
}

function moved() {
  const isElsewhere = location.href !== address;
  address = location.href;
  if (isElsewhere && !fbq.disablePushState) {
    callMethod("automaticPageView");
  }
}

function warn(text) {
  console.warn(`[Meta Pixel stand-in] ${text}`);
}

// ---- taking over from the stub -----------------------------------------------------------------------------------

fbq.version = VERSION;
fbq.instance = { configLoaded };
fbq.getState = () => ({
  pixels: [...pixels.values()].map((pixel) => ({ id: pixel.id, agent: pixel.agent, userData: { ...pixel.userData } })),
});
fbq.callMethod = callMethod;
watchHistory();
watchClicks();
while (fbq.queue && fbq.queue.length) {
  callMethod(...fbq.queue.shift());
}
