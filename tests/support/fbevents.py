"""A stand-in for fbevents.js: it keeps its calls, and like Meta's loads a second script and sends an image."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Route

LIBRARY = """
(() => {
  const name = 'connect.facebook.net/fbevents';
  const policy = window.trustedTypes && window.trustedTypes.createPolicy(name, { createScriptURL: (url) => url });
  window.calls = [];
  window.fbq.callMethod = (...call) => {
    window.calls.push(call);
    if (call[0].startsWith('track')) new Image().src = 'https://www.facebook.com/tr/?ev=' + call[2];
  };
  window.fbq.queue.forEach((call) => window.fbq.callMethod(...call));
  const more = document.createElement('script');
  const url = 'https://connect.facebook.net/signals/config/1';
  more.src = policy ? policy.createScriptURL(url) : url;
  document.head.append(more);
})();
"""
REMEMBER = """
window.refused = [];
document.addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI, sourceFile}) =>
  window.refused.push({directive: violatedDirective, what: blockedURI, where: sourceFile}));
"""


def stand_in(context: BrowserContext) -> None:
    """Nothing of Meta's is reached; what a page's policy refuses is in `window.refused`."""

    def answer(route: Route) -> None:
        is_library = route.request.url.endswith("fbevents.js")
        route.fulfill(status=200, content_type="text/javascript", body=LIBRARY if is_library else "")

    context.route("https://connect.facebook.net/**", answer)
    context.route("https://www.facebook.com/**", lambda route: route.fulfill(status=200, content_type="image/gif"))
    context.add_init_script(REMEMBER)
