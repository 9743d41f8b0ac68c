"""The functions of the order example: JSON on standard input, JSON on standard output.

    python3 order.py charge-card <<< '{"card": "4000", "total": 10}'

A failure is an exit status other than 0, with Lambda's form of an error on standard error.
"""

import json
import sys

STOCK = {"book": 12, "lamp": 3}


class Failure(Exception):
    """An error that the state machine knows by its type."""

    def __init__(self, error_type, message):
        super().__init__(message)
        self.error_type = error_type


def validate_order(order):
    return {"valid": bool(order.get("items")) and order.get("total", 0) > 0}


def check_inventory(item):
    left = STOCK.get(item["sku"], 0)
    if item["quantity"] > left:
        raise Failure("OutOfStock", f"{item['quantity']} of {item['sku']} wanted, {left} left")
    return {"sku": item["sku"], "left": left - item["quantity"]}


def charge_card(order):
    if order["card"].startswith("4000"):
        raise Failure("CardDeclined", f"card ending in {order['card'][-4:]} was declined")
    return {"receipt": f"receipt-{order['id']}", "charged": order["total"]}


def ship_order(order):
    return {"tracking": f"track-{order['id']}"}


def reject_order(order):
    cause = json.loads(order["error"]["Cause"]) if "error" in order else {}
    return {"order": order["id"], "status": "REJECTED", "reason": cause.get("errorMessage", "the order is not valid")}


def record_analytics(order):
    return {"recorded": order["id"]}


def main():
    function = globals()[sys.argv[1].replace("-", "_")]
    try:
        print(json.dumps(function(json.load(sys.stdin))))
    except Failure as failure:
        json.dump({"errorMessage": str(failure), "errorType": failure.error_type}, sys.stderr)
        sys.exit(1)


main()
