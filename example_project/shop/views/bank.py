"""The bank's webhook in, the order's new status and a short JSON answer out; no visitor is behind this request."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from example_project.shop.bank import SIGNATURE_HEADER, NoticeError, is_signed, read_notice
from example_project.shop.models import Order
from example_project.shop.orders import PaymentError, settle_payment


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> JsonResponse:
    if not is_signed(request.body, signature=request.headers.get(SIGNATURE_HEADER, "")):
        return _refuse("the signature does not fit the body", status=403)
    try:
        notice = read_notice(request.body)
        order = settle_payment(notice.reference, status=notice.status)
    except NoticeError as error:
        return _refuse(str(error), status=400)
    except Order.DoesNotExist:
        return _refuse("no such order", status=404)
    except PaymentError:
        return _refuse("the order is settled otherwise", status=409)
    return JsonResponse({"order": str(order.reference), "status": order.status})


def _refuse(reason: str, *, status: int) -> JsonResponse:
    return JsonResponse({"error": reason}, status=status)
