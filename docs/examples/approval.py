"""The function of the approval example: tells people how to answer, on standard error.

A real one would send a mail with two links, or a message with two buttons, and put the token into them.
"""

import json
import sys

request = json.load(sys.stdin)
order, token = request["order"], request["token"]
print(
    f"""
Order {order["id"]} over {order["total"]} needs an approval. Answer it with one of

  segno send-success {token} --output '{{"by": "Ada"}}'

  segno send-failure {token} --error Rejected --cause 'too expensive'

and say that somebody is still thinking about it with

  segno send-heartbeat {token}
""",
    file=sys.stderr,
)
print(json.dumps({"asked": order["id"]}))
