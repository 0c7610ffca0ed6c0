/* Data blocks of the page come in; Meta's pixel fires them with their ids, and the site hears what was fired.
 *
 * window.capi.track(name, customData)   an event that only the browser saw; the server mirrors it
 * window.capi.pageView()                a page view of a single-page application
 * window.capi.consent(granted)          the visitor's answer; or dispatch `capi:consent` with {detail: {granted}}
 *
 * The document hears `capi:event` with {event_name, event_id, state} for each copy: state is "fired" or "blocked".
 */
(() => {
  'use strict';

  if (window.capi) return;

  const BLOCKS = 'script[type="application/json"][id^="capi-"]';
  const STANDARD = new Set([
    'AddPaymentInfo', 'AddToCart', 'AddToWishlist', 'CompleteRegistration', 'Contact', 'CustomizeProduct', 'Donate',
    'FindLocation', 'InitiateCheckout', 'Lead', 'PageView', 'Purchase', 'Schedule', 'Search', 'StartTrial',
    'SubmitApplication', 'Subscribe', 'ViewContent',
  ]);
  const MEMORY = 'capi.fired';
  const MEMORY_SIZE = 200;
  const MOST_IN_A_POST = 20;
  const PATIENCE = 10000; // ms until a library that has not come counts as blocked

  const read = new WeakSet(); // blocks that were taken already
  let config = null;
  let isOpen = false; // consent is given and the pixels are initialised
  let library = 'waiting'; // then 'there' or 'absent'
  let held = []; // events that wait for consent
  let outbox = []; // copies that the site has not heard of yet
  let timer = 0;
  let fbp = ''; // the banner may delete the cookie before it tells us of a withdrawal

  // --- what the page says -------------------------------------------------------------------------------------

  function parse(element) {
    try {
      return JSON.parse(element.textContent);
    } catch (error) {
      return null;
    }
  }

  function take(element) {
    if (read.has(element)) return;
    read.add(element);
    const content = parse(element);
    if (!content) return;
    if (element.id === 'capi-config') (content.events || []).forEach(queue);
    else queue(content);
  }

  function takeAll(root) {
    if (root.matches && root.matches(BLOCKS)) take(root);
    if (root.querySelectorAll) root.querySelectorAll(BLOCKS).forEach(take);
  }

  function watch() {
    new MutationObserver((changes) => {
      for (const change of changes) change.addedNodes.forEach(takeAll);
    }).observe(document.documentElement, { childList: true, subtree: true });
  }

  // --- firing -------------------------------------------------------------------------------------------------

  function queue(event) {
    if (isOpen) fire(event);
    else held.push(event);
  }

  function release() {
    const events = held;
    held = [];
    events.forEach(fire);
  }

  function fire(event) {
    if (event.expires && Date.now() / 1000 > event.expires) return;
    // An id of another response stands in a cached fragment: other visitors have it, too.
    const isStale = Boolean(event.page) && event.page !== config.page;
    const isMinted = !event.event_id || isStale;
    if (isMinted && !event.spec && !event.isOwn) return;
    const id = isMinted ? mint() : event.event_id;
    if (!remember(`${event.event_name}:${id}`)) return;
    const pixels = event.pixels || config.pixels.map((pixel) => pixel.id);
    const method = STANDARD.has(event.event_name) ? 'trackSingle' : 'trackSingleCustom';
    for (const pixel of pixels) window.fbq(method, pixel, event.event_name, event.custom_data || {}, { eventID: id });
    report(event, id, pixels, isMinted);
  }

  function mint() {
    if (window.crypto.randomUUID) return window.crypto.randomUUID().replace(/-/g, '');
    return Array.from(window.crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  function remember(key) {
    let keys = [];
    try {
      keys = JSON.parse(window.localStorage.getItem(MEMORY)) || [];
      if (keys.includes(key)) return false;
      window.localStorage.setItem(MEMORY, JSON.stringify([...keys, key].slice(-MEMORY_SIZE)));
    } catch (error) {
      // Storage is closed to us: the event still counts.
    }
    return true;
  }

  // --- telling the site ---------------------------------------------------------------------------------------

  function report(event, id, pixels, isMinted) {
    const copy = { event_name: event.event_name, event_id: id, pixels, mirror: isMinted, at: Date.now() };
    if (isMinted && event.spec) copy.spec = event.spec;
    else if (isMinted) copy.custom_data = event.custom_data;
    outbox.push(copy);
    if (library !== 'waiting') schedule();
  }

  function schedule() {
    if (!timer) timer = window.setTimeout(flush, 100);
  }

  function flush() {
    timer = 0;
    while (outbox.length) post(outbox.splice(0, MOST_IN_A_POST), false);
  }

  function post(copies, isLeaving) {
    const state = library === 'there' ? 'fired' : 'blocked';
    const events = copies.map(({ at, ...copy }) => ({ ...copy, state, age: Math.round((Date.now() - at) / 1000) }));
    const body = JSON.stringify({ events, url: window.location.href, referrer: document.referrer });
    for (const { event_name, event_id } of copies) {
      document.dispatchEvent(new CustomEvent('capi:event', { detail: { event_name, event_id, state } }));
    }
    if (isLeaving) {
      navigator.sendBeacon(config.collect, new Blob([body], { type: 'application/json' }));
      return;
    }
    const again = () => copies.filter((copy) => !copy.isSecond).forEach((copy) => outbox.push({ ...copy, isSecond: true }));
    window.fetch(config.collect, {
      method: 'POST', body, keepalive: true, credentials: 'same-origin', headers: { 'Content-Type': 'application/json' },
    }).catch(again);
  }

  function leave() {
    window.clearTimeout(timer);
    timer = 0;
    while (outbox.length) post(outbox.splice(0, MOST_IN_A_POST), true);
  }

  // --- Meta's library -----------------------------------------------------------------------------------------

  function install() {
    if (window.fbq) {
      wait();
      return;
    }
    const fbq = (...parameters) => {
      if (fbq.callMethod) fbq.callMethod(...parameters);
      else fbq.queue.push(parameters);
    };
    Object.assign(fbq, { push: fbq, queue: [], loaded: true, version: '2.0' });
    // Meta's own page views after pushState carry no id; capi.pageView() does.
    Object.assign(fbq, { disablePushState: true, allowDuplicatePageViews: true });
    window.fbq = fbq;
    if (!window._fbq) window._fbq = fbq;
    const script = document.createElement('script');
    script.async = true;
    script.src = config.script;
    script.addEventListener('error', () => know('absent'));
    document.head.append(script);
    wait();
  }

  function wait(since = Date.now()) {
    // `loaded` is true from the start; only the library itself brings `callMethod`.
    if (typeof window.fbq.callMethod === 'function') know('there');
    else if (Date.now() - since > PATIENCE) know('absent');
    else if (library === 'waiting') window.setTimeout(wait, 100, since);
  }

  function know(state) {
    if (library !== 'waiting') return;
    library = state;
    if (outbox.length) schedule();
  }

  function open() {
    if (isOpen) return;
    isOpen = true;
    readFbp();
    install();
    if (config.limited) window.fbq('dataProcessingOptions', ['LDU'], 0, 0);
    for (const pixel of config.pixels) {
      window.fbq('init', pixel.id, pixel.user_data || {}, config.agent ? { agent: config.agent } : {});
    }
    release();
  }

  // --- consent ------------------------------------------------------------------------------------------------

  function ask() {
    const click = new URLSearchParams(window.location.search).get('fbclid');
    const query = click ? `?fbclid=${encodeURIComponent(click)}` : '';
    return window.fetch(config.visitor + query, { credentials: 'same-origin', cache: 'no-store' })
      .then((response) => (response.ok ? response.json() : Promise.reject(new Error('visitor'))))
      .then((visitor) => {
        const { events, page, ...rest } = visitor;
        Object.assign(config, rest);
        held.push(...(events || []));
        if (config.consent && !config.excluded) open();
      })
      .catch(() => {}); // without an answer nothing is fired
  }

  function consent(granted) {
    if (!config) return;
    if (granted && window.fbq) window.fbq('consent', 'grant');
    if (granted) {
      ask();
      return;
    }
    isOpen = false;
    if (window.fbq) window.fbq('consent', 'revoke');
    held = []; // they waited for an answer, and this is it
    outbox = [];
    withdraw(false);
  }

  function readFbp() {
    const found = /(?:^|; )_fbp=([^;]+)/.exec(document.cookie);
    if (found) fbp = found[1];
  }

  function withdraw(isSecond) {
    window.fetch(config.withdraw, {
      method: 'POST', body: JSON.stringify({ fbp }), keepalive: true, credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' },
    })
      .then((response) => (response.ok ? response : Promise.reject(new Error('withdraw'))))
      .catch(() => isSecond || window.setTimeout(withdraw, 2000, true));
  }

  // --- the way in ---------------------------------------------------------------------------------------------

  function start() {
    const element = document.getElementById('capi-config');
    config = element && parse(element);
    if (!config || config.excluded) return;
    readFbp();
    takeAll(document);
    watch();
    if (config.consent) open();
    else if (config.consent === null) ask();
  }

  window.capi = {
    track: (name, customData) => queue({ event_name: name, custom_data: customData || {}, isOwn: true }),
    pageView: () => queue({ event_name: 'PageView', custom_data: {}, isOwn: true }),
    consent,
  };
  document.addEventListener('capi:consent', (event) => consent(Boolean(event.detail && event.detail.granted)));
  document.addEventListener('capi:track', (event) => ((event.detail && event.detail.events) || []).forEach(queue));
  window.addEventListener('pagehide', leave);
  if (document.prerendering) document.addEventListener('prerenderingchange', start, { once: true });
  else start();
})();
