"""Table of the answers that Meta is known to give, what each means, and the source. As of 2026-11-22.

Sources: GE error handling guide, APE events edge reference, RL rate limiting page, SU troubleshooting page (all at
developers.facebook.com), SDK facebook-business 26.0.3, RUD the error map of RudderStack's transformer, WOO Meta's own
plugin for WooCommerce, "seen" an answer captured from Meta, "ours" our own judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django_capi.meta.translatable import gettext_noop as _


class RequestOutcome(StrEnum):
    ACCEPTED = "accepted"
    EVENT = "event"
    LANE = "lane"
    THROTTLE = "throttle"
    TRANSIENT = "transient"
    AMBIGUOUS = "ambiguous"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Meaning:
    outcome: RequestOutcome
    reason: str
    source: str
    known: bool = True


_EVENT, _LANE, _THROTTLE, _TRANSIENT = (
    RequestOutcome.EVENT,
    RequestOutcome.LANE,
    RequestOutcome.THROTTLE,
    RequestOutcome.TRANSIENT,
)

PROOF_REASON: Final = _("The app demands a valid appsecret_proof: APP_SECRET must be the secret of the token's app.")

# The row for (code, None) holds for every subcode that has no row of its own.
BY_CODE: Final[dict[tuple[int, int | None], Meaning]] = {
    (1, None): Meaning(_TRANSIENT, _("Meta reports an unknown error, possibly downtime."), "GE"),
    (2, None): Meaning(_TRANSIENT, _("Meta reports that the service is down for now."), "GE"),
    (3, None): Meaning(_LANE, _("The token's app may not call this method."), "GE"),
    (4, None): Meaning(_THROTTLE, _("The app made too many calls."), "GE, RL"),
    (5, None): Meaning(
        _LANE, _("The token's app refuses this server's address: add it to the app's server IP allowlist."), "seen"
    ),
    (10, None): Meaning(_LANE, _("The token lacks a permission."), "GE, APE"),
    (12, None): Meaning(_LANE, _("Meta no longer has this method: change API_VERSION."), "seen"),
    (17, None): Meaning(_THROTTLE, _("The token's user made too many calls."), "GE, RL"),
    (32, None): Meaning(_THROTTLE, _("The page made too many calls."), "RL"),
    (33, None): Meaning(_LANE, _("The pixel does not exist or the token may not see it."), "RUD, ours"),
    (100, None): Meaning(_EVENT, _("Meta found an invalid parameter."), "APE, RUD"),
    (100, 33): Meaning(_LANE, _("The pixel does not exist or the token may not see it."), "RUD"),
    (100, 2804001): Meaning(_EVENT, _("Meta found an event invalid, as it does for a malformed fbc."), "RUD, seen"),
    (100, 2804003): Meaning(_EVENT, _("An event is older than Meta accepts."), "seen, RUD"),
    (100, 2804004): Meaning(_EVENT, _("The time of an event is in the future."), "seen"),
    (100, 2804007): Meaning(_EVENT, _("Meta found an event invalid (2804007)."), "RUD"),
    (100, 2804009): Meaning(_EVENT, _("A Purchase has no value."), "seen, RUD"),
    (100, 2804010): Meaning(_EVENT, _("A Purchase has no currency."), "seen"),
    (100, 2804016): Meaning(_EVENT, _("A key of user_data is not hashed."), "seen, RUD"),
    (100, 2804017): Meaning(_EVENT, _("Meta found an event invalid (2804017)."), "RUD"),
    (100, 2804019): Meaning(_EVENT, _("Meta found a value or a time invalid (2804019)."), "RUD, seen"),
    (100, 2804023): Meaning(_EVENT, _("A value has no currency."), "seen"),
    (100, 2804036): Meaning(_EVENT, _("A lead_id is invalid or deleted."), "seen"),
    (100, 2804043): Meaning(_EVENT, _("The extinfo of app_data is not valid."), "seen"),
    (100, 2804048): Meaning(_EVENT, _("Meta found an event invalid (2804048)."), "RUD"),
    (100, 2804050): Meaning(_EVENT, _("An event has too little customer information."), "seen"),
    (100, 2804066): Meaning(_EVENT, _("The event name is not allowed for business messaging."), "seen"),
    (100, 2804069): Meaning(_EVENT, _("A business messaging event has no page_id."), "seen"),
    (100, 2804079): Meaning(_EVENT, _("A business messaging event has no ig_account_id."), "seen"),
    (100, 2804087): Meaning(_EVENT, _("A business messaging event has no valid ctwa_clid."), "seen"),
    (100, 2804116): Meaning(_EVENT, _("A business messaging event has neither page_id nor WhatsApp account."), "seen"),
    (101, None): Meaning(
        _LANE, _("The token's app no longer exists: create an ACCESS_TOKEN with another app."), "seen"
    ),
    (102, None): Meaning(_LANE, _("The session of the token has ended."), "GE, APE"),
    (104, None): Meaning(_LANE, PROOF_REASON, "seen"),
    (190, None): Meaning(_LANE, _("The access token is invalid, expired or revoked."), "GE, APE, WOO"),
    (190, 452): Meaning(_LANE, _("The access token's session does not match."), "WOO"),
    (190, 458): Meaning(_LANE, _("The access token's user removed the app."), "GE"),
    (190, 459): Meaning(_LANE, _("The access token's user must log in to Facebook once."), "GE"),
    (190, 460): Meaning(_LANE, _("The access token ended with a changed password."), "GE"),
    (190, 463): Meaning(_LANE, _("The access token has expired."), "GE"),
    (190, 464): Meaning(_LANE, _("The access token's user is not confirmed."), "GE"),
    (190, 465): Meaning(_LANE, _("The access token's session is not allowed."), "GE"),
    (190, 467): Meaning(_LANE, _("The access token is invalid."), "GE"),
    (341, None): Meaning(_TRANSIENT, _("The app reached a limit for now."), "GE"),
    (368, None): Meaning(_LANE, _("Meta has blocked this temporarily for policy reasons."), "GE, ours"),
    (613, None): Meaning(_THROTTLE, _("This call was made too often."), "RL"),
    (803, None): Meaning(_LANE, _("The pixel does not exist."), "seen"),
    (2500, None): Meaning(_LANE, _("Meta does not know this URL: correct GRAPH_URL, API_VERSION or PIXEL_ID."), "seen"),
    (2635, None): Meaning(_LANE, _("Meta no longer supports this version: change API_VERSION."), "seen"),
    (2655, None): Meaning(_LANE, _("The pixel or the token is not set up for this call."), "RUD"),
    (5000, None): Meaning(_TRANSIENT, _("Meta reports an internal error (5000)."), "RUD"),
    (21009, None): Meaning(_TRANSIENT, _("The data set is not ready for uploads yet."), "RUD"),
    (2044055, None): Meaning(_LANE, _("The data set does not exist."), "Dataset Quality page"),
}

# Both have the code of an invalid parameter, but concern the call and not the events in it.
PROOF: Final = Meaning(_LANE, PROOF_REASON, "seen")
CALL: Final = Meaning(
    _LANE, _("Meta refuses the call itself: compare PIXEL_ID, ACCESS_TOKEN, APP_SECRET and API_VERSION."), "seen, ours"
)

RANGES: Final = (
    (range(200, 300), Meaning(_LANE, _("The token lacks a permission."), "GE, APE, WOO")),
    (range(80000, 80015), Meaning(_THROTTLE, _("The business made too many calls."), "RL")),
)

BY_STATUS: Final = {
    408: Meaning(_TRANSIENT, _("Meta timed out while waiting for the request."), "RUD"),
    413: Meaning(RequestOutcome.TOO_LARGE, _("The request is too large."), "RFC 9110"),
    429: Meaning(_THROTTLE, _("Too many calls."), "RFC 6585, RUD"),
    # The gateway stopped waiting; the server behind it may still have accepted the events.
    504: Meaning(
        RequestOutcome.AMBIGUOUS, _("A gateway timed out; Meta may or may not have accepted the events."), "ours"
    ),
}

ACCEPTED: Final = Meaning(RequestOutcome.ACCEPTED, _("Meta accepted the request."), "SU, APE")
NOT_JSON: Final = Meaning(
    RequestOutcome.ACCEPTED, _("The status says success, but the body is truncated or empty."), "ours", known=False
)
NO_SUCCESS: Final = Meaning(
    RequestOutcome.AMBIGUOUS, _("Status 200, but the body reports a failure."), "seen", known=False
)
UNAVAILABLE: Final = Meaning(_TRANSIENT, _("Status 200, but the body says that the service is unavailable."), "SDK")
HTML: Final = Meaning(_TRANSIENT, _("An HTML page instead of a JSON answer."), "RUD", known=False)
IS_TRANSIENT: Final = Meaning(_TRANSIENT, _("Meta says that the error is temporary."), "SDK")
SERVER_ERROR: Final = Meaning(_TRANSIENT, _("Meta's server failed."), "RFC 9110, RUD")
UNKNOWN: Final = Meaning(_TRANSIENT, _("An answer that is not in the table."), "ours", known=False)
NOT_SENT: Final = Meaning(_TRANSIENT, _("Meta could not be reached; nothing was sent."), "ours")
UNTRUSTED: Final = Meaning(
    _TRANSIENT,
    _(
        "No trusted TLS connection to Meta; nothing was sent. If your network has its own certificate authority, "
        "set CA_BUNDLE."
    ),
    "ours",
)
NO_BUNDLE: Final = Meaning(_TRANSIENT, _("The file that CA_BUNDLE names does not exist; nothing was sent."), "ours")
UNKNOWN_OUTCOME: Final = Meaning(RequestOutcome.AMBIGUOUS, _("The connection ended before Meta answered."), "SU, ours")
