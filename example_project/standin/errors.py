"""Errors in the form of the Graph API, with localised messages as Meta's often are."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from example_project.standin.messages import Response
from example_project.standin.rules import Refusal

INVALID_PARAMETER = 100

# Meta answers in the language of the token's owner, so code that classifies errors by their message fails here.
TITLES: Mapping[int | None, str] = {
    None: "Parametro non valido",
    2804001: "Identificativo del clic non valido",
    2804003: "Evento troppo vecchio",
    2804004: "Evento nel futuro",
    2804009: "Valore di acquisto mancante",
    2804010: "Valuta di acquisto mancante",
    2804016: "Dati di contatto senza hash",
    2804023: "Valore senza valuta",
    2804036: "Identificativo del contatto non valido",
    2804043: "Informazioni sull'app non valide",
    2804050: "Informazioni sui clienti insufficienti",
    2804066: "Nome dell'evento non consentito",
    2804069: "Identificativo della Pagina mancante",
    2804079: "Account Instagram mancante",
    2804087: "Identificativo del clic mancante",
    2804116: "Pagina o account WhatsApp mancante",
}


def trace_id() -> str:
    return "A" + secrets.token_urlsafe(16)


def usage_headers(trace: str) -> dict[str, str]:
    usage = {"call_count": 1, "total_time": 1, "total_cputime": 1}
    return {"x-fb-trace-id": trace, "X-App-Usage": json.dumps(usage)}


def accepted(events_received: int) -> Response:
    trace = trace_id()
    body = {"events_received": events_received, "messages": [], "fbtrace_id": trace}
    return Response(body=json.dumps(body).encode(), headers=usage_headers(trace))


def graph_error(
    *,
    code: int,
    message: str,
    kind: str = "OAuthException",
    status: int = 400,
    fields: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`fields` are what this error has beyond message, type and code."""
    trace = trace_id()
    error = {"message": message, "type": kind, "code": code, **(fields or {}), "fbtrace_id": trace}
    body = json.dumps({"error": error}).encode()
    return Response(status=status, body=body, headers={**usage_headers(trace), **(headers or {})})


def event_error(refusal: Refusal) -> Response:
    """One bad event: the field is named, the event is not, and no text repeats a value."""
    fields: dict[str, object] = {
        "is_transient": False,
        "error_user_title": TITLES[refusal.subcode],
        "error_user_msg": f"Il campo {refusal.field} non rispetta i requisiti. Nessun evento è stato elaborato.",
    }
    if refusal.subcode is not None:
        fields = {"error_subcode": refusal.subcode, **fields}
    return graph_error(code=INVALID_PARAMETER, message="Invalid parameter", fields=fields)


def parameter_error(message: str) -> Response:
    """The request as a whole is wrong, whatever its events are."""
    return graph_error(code=INVALID_PARAMETER, message=f"(#100) {message}")


def token_error() -> Response:
    return graph_error(code=190, message="Invalid OAuth access token - Cannot parse access token")


def object_error() -> Response:
    """What Meta says of an id that does not exist and of one the token may not use: the same."""
    message = "Unsupported post request. Object does not exist, cannot be loaded due to missing permissions"
    return graph_error(code=INVALID_PARAMETER, message=message, fields={"error_subcode": 33})


def proof_error(*, is_missing: bool) -> Response:
    """An app that requires a proof: the code is that of an invalid parameter, and there is no subcode."""
    says = "Le chiamate API dal server richiedono l'argomento" if is_missing else "Argomento non valido:"
    return graph_error(code=INVALID_PARAMETER, message=f"{says} appsecret_proof", kind="GraphMethodException")
