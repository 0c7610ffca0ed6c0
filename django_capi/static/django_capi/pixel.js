// docs/reference/browser.md
(() => {
  'use strict';

  if (window.capi) return;

  const BLOCKS = 'script[id^="capi-"]';
  const STANDARD = `AddPaymentInfo AddToCart AddToWishlist CompleteRegistration Contact CustomizeProduct Donate FindLocation
    InitiateCheckout Lead PageView Purchase Schedule Search StartTrial SubmitApplication Subscribe ViewContent`.split(/\s+/);
  const NUMBERS = /^(value|predicted_ltv|net_revenue|num_items|quantity|(item_)?price)$/;
  const IDS = /^(id|content_ids|order_id|item_number)$/;
  const FIRED = 'capi.fired';
  const WITHDRAWN = 'capi.withdrawn';
  const UNSENT = 'capi.unsent';
  const COPIES = 'X-Capi-Events';
  const DELAYS = [300, 1000, 3000]; // ms

  const [, click = ''] = /[?&](fbclid=[^&]+)/.exec(location.search) || [];
  const known = new Set();
  const initialised = new Set();
  const configured = new Set();
  let config = null;
  let isOpen = false;
  let isDenied = false; // nothing is fired
  let isGranted = false; // before the site knows
  let isAbsent = false;
  let isRevoked = false;
  let stops = 0; // older answers are void
  let failures = 0;
  let held = [];
  let outbox = [];
  let earlier = [];
  let timer = 0;
  let fbp = '';
  let url = location.href;
  let referrer = document.referrer;

  // The clock may be wrong.
  const now = () => performance.timeOrigin + performance.now();
  const later = (attempt, act) => DELAYS[attempt] && setTimeout(act, DELAYS[attempt]);
  const hex = (number) => number.toString(16).padStart(8, '0');

  function warn(...words) {
    if (config && config.debug) console.warn('django-capi:', ...words);
  }

  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  function stored(where, key, value) {
    try {
      const found = parse(window[where].getItem(key));
      if (value === null) window[where].removeItem(key);
      else if (value !== undefined) window[where].setItem(key, JSON.stringify(value));
      return found;
    } catch {
      return null;
    }
  }

  // The page

  function take(element) {
    if (known.has(element)) return;
    known.add(element);
    const content = parse(element.textContent);
    if (content && element.id === 'capi-config') adopt(content);
    else queue(content);
  }

  function takeAll(root) {
    if (root.nodeType !== 1) return;
    const [, pixel] = /\/signals\/config\/(\d+)/.exec(root.src) || [];
    if (pixel) root.addEventListener('load', () => schedule(configured.add(pixel)));
    if (root.matches(BLOCKS)) take(root);
    root.querySelectorAll(BLOCKS).forEach(take);
  }

  const browsers = () => (document.cookie.match(/(^|; )_fbp=[^;]+/g) || ['=']).map((pair) => pair.split('=')[1]);

  function fnv1a(text) {
    let hash = 0x811c9dc5;
    for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
    return hex(hash >>> 0);
  }

  /* A cache serves it to others. */
  function isForeign(block) {
    return block.for && navigator.cookieEnabled && !browsers().map(fnv1a).includes(block.for);
  }

  function adopt(block) {
    config = isForeign(block) ? { ...block, consent: null, denied: null, excluded: null } : block;
    (block.events || []).forEach((event) => queue({ for: block.for, ...event }));
    if (isDenied || config.denied) stop();
    else if (config.consent && !config.matching) open();
    else if (config.consent !== false) ask();
  }

  function queue(event) {
    if (isDenied || !event) return;
    if (location.href !== url) {
      referrer = url;
      url = location.href;
    }
    held.push({ ...event, foreign: isForeign(event), at: now(), url, referrer });
    if (isOpen) release();
  }

  function release() {
    held.splice(0).forEach(fire);
  }

  function fire(event) {
    const { event_name, spec, ttl, isOwn, at, custom_data, once, url, referrer } = event;
    if (ttl !== null && now() - at >= ttl * 1000) return;
    let id = event.foreign ? null : event.event_id;
    const key = `${event_name}:${id || once}`;
    if ((id || once) && known.has(key)) return;
    known.add(key);
    const fired = stored('localStorage', FIRED) || [];
    if (fired.includes(key)) id = null; // a stored page
    const mirror = !id;
    if (mirror && !spec && !isOwn) return;
    if (mirror) id = (!event.foreign && event.mirror_id) || [...crypto.getRandomValues(new Uint32Array(4))].map(hex).join('');
    else stored('localStorage', FIRED, [...fired, key].slice(-200));
    const pixels = event.pixels || config.pixels.map((pixel) => pixel.id);
    const method = STANDARD.includes(event_name) ? 'trackSingle' : 'trackSingleCustom';
    for (const pixel of pixels) {
      initialise(pixel);
      window.fbq(method, pixel, event_name, { ...custom_data }, { eventID: id });
    }
    const { value, currency } = { ...custom_data };
    const own = mirror && { url, referrer, spec, custom_data };
    outbox.push({ event_name, event_id: id, pixels, mirror, at, since: now(), custom_data: { value, currency }, ...own });
    schedule();
  }

  function tidy(values) {
    const found = {};
    for (const [key, value] of Object.entries(values)) {
      const cleaned = clean(key, value);
      if (cleaned !== undefined) found[key] = cleaned;
      if (cleaned !== value && !Array.isArray(value)) warn(key, value, 'is sent as', cleaned);
    }
    return found;
  }

  function clean(key, value) {
    if (key === 'contents') return [].concat(value).map((line) => tidy({ quantity: 1, ...line })).filter((line) => line.id);
    if (Array.isArray(value)) return value.map((one) => clean(key, one)).filter((one) => one !== undefined);
    if (IDS.test(key) && typeof value === 'number') return String(value);
    if (Number.isFinite(value)) return value;
    if (NUMBERS.test(key)) return /^\s*-?\d+(\.\d+|,\d\d?)?\s*$/.test(value) ? Number(String(value).replace(',', '.')) : undefined;
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string' || /\S@\S+\.\S/.test(value)) return undefined;
    return key === 'currency' ? value.trim().toUpperCase() : value;
  }

  function track(name, values) {
    if (typeof name === 'string' && /^.{1,50}$/.test(name)) {
      queue({ event_name: name, custom_data: tidy(values || {}), isOwn: true });
    } else warn('not an event name', name);
  }

  // Reports

  function schedule() {
    if (!timer) timer = setTimeout(flush, 100);
  }

  /* Not before the pixel's configuration. */
  function isSent({ pixels }) {
    const { fbq } = window;
    return fbq.callMethod && (!fbq.instance || pixels.every((pixel) => configured.has(pixel)
      || performance.getEntriesByType('resource').some(({ name }) => name.includes(`/tr/?id=${pixel}&`))));
  }

  function judge(copy, isLast) {
    const { state } = copy;
    if (!copy.since) return; // from an earlier page
    if (state !== 'fired' && isSent(copy)) copy.state = 'fired';
    else if (!state && (isLast || isAbsent || now() - copy.since > 10000)) copy.state = 'blocked';
    if (copy.state === state) return;
    copy.told = 0;
    document.dispatchEvent(new CustomEvent('capi:event', { detail: { ...copy } }));
  }

  function batch(copies = outbox.filter((copy) => copy.state && !copy.told).slice(0, 20)) {
    const events = copies.map(({ at, since, told, ...copy }) => ({ ...copy, age: Math.round((now() - at) / 1000) }));
    const body = asBody({ events, url, referrer, others: [...earlier, ...others()] });
    if (body.size < 60000) return { copies, body };
    if (copies.length > 1) return batch(copies.slice(copies.length / 2));
    mark(copies, { told: 'taken' });
    warn('too large', copies[0]);
    return batch();
  }

  const asBody = (content) => new Blob([JSON.stringify(content)], { type: 'application/json' });

  function send(address, body) {
    return fetch(address, { method: 'POST', body, keepalive: true })
      .then((response) => (/5..|429/.test(response.status) ? Promise.reject() : response));
  }

  const mark = (copies, values) => copies.forEach((copy) => Object.assign(copy, values));

  function flush() {
    timer = 0;
    if (!isOpen) return;
    outbox.forEach((copy) => judge(copy));
    if (outbox.some((copy) => !copy.state)) schedule();
    const { copies, body } = batch();
    if (!copies.length) return;
    mark(copies, { told: 'sent' });
    send(config.collect, body).then((response) => {
      failures = 0;
      mark(copies, { mirror: false });
      mark(copies.filter((copy) => copy.told), { told: 'taken' });
      if (response.status !== 204) response.text().then(warn);
      schedule();
    }, () => {
      mark(copies, { told: 0 });
      later(failures++, schedule);
    });
  }

  function leave() {
    if (!isOpen) return;
    outbox.forEach((copy) => judge(copy, true));
    const { copies, body } = batch();
    if (copies.length && navigator.sendBeacon) navigator.sendBeacon(config.collect, body);
    // The next page repeats what may be lost.
    const unsent = outbox.filter((copy) => copy.told !== 'taken');
    stored('sessionStorage', UNSENT, unsent.slice(-50));
    mark(unsent, { told: 'taken' });
  }

  function recover() {
    const unsent = stored('sessionStorage', UNSENT, null) || [];
    mark(unsent, { told: 0, since: 0 });
    outbox.push(...unsent.filter((copy) => now() - copy.at < 3600000));
    schedule();
  }

  // Meta's library

  function install() {
    if (!window.fbq) {
      const fbq = (...call) => (fbq.callMethod ? fbq.callMethod(...call) : fbq.queue.push(call));
      Object.assign(fbq, { push: fbq, queue: [], loaded: true, version: '2.0', disablePushState: true });
      window.fbq = fbq;
      window._fbq = window._fbq || fbq;
    }
    earlier = others();
    if (earlier.length) warn('other pixels:', ...earlier);
    if (window.fbq.callMethod || document.querySelector('script[src*="/fbevents.js"]')) return;
    const script = document.createElement('script');
    script.onload = schedule;
    script.onerror = () => {
      isAbsent = true;
    };
    try {
      const { trustedTypes } = window;
      const policy = trustedTypes && trustedTypes.createPolicy('django-capi', { createScriptURL: String });
      script.src = policy ? policy.createScriptURL(config.script) : config.script;
    } catch {
      isAbsent = true;
    }
    document.head.append(script);
  }

  function others() {
    const { fbq } = window;
    const ids = fbq.getState ? fbq.getState().pixels.map(({ id }) => id) : fbq.queue.filter((call) => call[0] === 'init').map((call) => call[1]);
    return ids.filter((id) => !initialised.has(id));
  }

  function initialise(id, contact = {}) {
    const { fbq } = window;
    if (initialised.has(id)) return;
    if (config.limited && !initialised.size) fbq('dataProcessingOptions', ['LDU'], 0, 0);
    initialised.add(id);
    if (!config.auto_config) fbq('set', 'autoConfig', false, id);
    fbq('init', id, contact, config.agent && { agent: config.agent });
    fbq('set', 'trackSingleOnly', true, id);
  }

  function open() {
    if (config.excluded) return;
    if (!isOpen) {
      isOpen = true;
      fbp = browsers()[0] || fbp;
      install();
      if (isRevoked) window.fbq('consent', 'grant');
      isRevoked = false;
      config.pixels.forEach(({ id, user_data }) => initialise(id, user_data));
      recover();
    }
    release();
  }

  // Consent

  function ask(attempt = 0) {
    const before = stops;
    const again = () => later(attempt, () => before === stops && ask(attempt + 1));
    fetch(`${config.visitor}?${click}`, { method: 'POST' })
      .then((response) => (response.ok ? response.json() : Promise.reject()))
      .then(({ events, ...answer }) => {
        if (before !== stops) return;
        if (isGranted && !answer.consent && again()) return;
        config = { ...config, denied: false, ...answer };
        if (config.denied) stop();
        else if (config.consent) open();
        hand(events);
      })
      .catch(() => before === stops && !again() && config.consent && open());
  }

  function consent(granted) {
    if (!config) return;
    isGranted = granted;
    fbp = browsers()[0] || fbp;
    stored('localStorage', WITHDRAWN, granted ? null : fbp || '-');
    if (granted) {
      isDenied = false;
      ask();
    } else {
      stop();
      withdraw();
    }
  }

  function stop() {
    stops += 1;
    isOpen = false;
    isDenied = true;
    held = [];
    outbox = [];
    stored('sessionStorage', UNSENT, null);
    const { fbq } = window;
    if (!initialised.size) return;
    if (fbq.callMethod) {
      isRevoked = !others().length; // it locks all
      if (isRevoked) fbq('consent', 'revoke');
    } else {
      fbq.queue = fbq.queue.filter((call) => !initialised.has(call[1]) && !initialised.has(call[3]));
      initialised.clear();
    }
  }

  function withdraw(attempt = 0) {
    send(config.withdraw, asBody({ fbp })).then(
      () => stored('localStorage', WITHDRAWN, null),
      () => later(attempt, () => isDenied && withdraw(attempt + 1)),
    );
  }

  function start() {
    const pending = stored('localStorage', WITHDRAWN);
    const element = document.querySelector('#capi-config');
    isDenied = pending;
    new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(takeAll)))
      .observe(document, { childList: true, subtree: true });
    if (!element) return;
    take(element);
    takeAll(document.documentElement);
    if (!pending) return;
    fbp = pending;
    withdraw();
  }

  const hand = (events) => [].concat(events || []).forEach(queue);

  window.capi = {
    track,
    consent,
    pageView: () => track('PageView'),
    fetch: (...parameters) => {
      const request = new Request(...parameters);
      if (request.url.startsWith(`${window.origin}/`)) request.headers.set(COPIES, '1');
      return fetch(request).then((response) => {
        hand(parse(response.headers.get(COPIES)));
        return response;
      });
    },
  };
  document.addEventListener('capi:consent', ({ detail }) => consent(detail && detail.granted));
  document.addEventListener('capi:track', ({ detail }) => hand(detail && detail.events));
  addEventListener('storage', ({ key, newValue }) => key === WITHDRAWN && newValue && stop());
  addEventListener('pagehide', leave);
  // Back/forward cache.
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted || !config) return;
    stops += 1;
    isOpen = false;
    isDenied = stored('localStorage', WITHDRAWN);
    track('PageView');
    if (!isDenied) ask();
  });
  if (document.prerendering) document.addEventListener('prerenderingchange', start, { once: true });
  else start();
  const run = ([method, ...parameters]) => window.capi[method](...parameters);
  (window.capiQueue || []).forEach(run);
  window.capiQueue = { push: run };
})();
