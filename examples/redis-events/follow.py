#!/usr/bin/env python3
"""Follows cohortd's events through Redis and prints a line for each alert.

    pip install redis            # or: apt-get install python3-redis
    python3 follow.py redis://127.0.0.1:6379/0 [last-id]

Reads the stream, so nothing is missed while the program is away: it ends with the id to go on from. "0" is the oldest event
kept, "$" (the default) what comes from now on.
"""
import json
import sys

import redis

STREAM = "cohortd:events"
BLOCK_MS = 5000


def line_of(event):
    data = event["data"]
    if not event["type"].startswith("cohortd.burn."):
        return f"{event['id']} {event['type']} {event['subject']}"
    long = data["long"]
    burn = "none" if long["burn_rate"] is None else f"{long['burn_rate']:.1f}x"
    return f"{event['id']} {event['type']} {event['subject']} {data['severity']} {burn} of {data['slo']} over {long['window']}"


def follow(client, last):
    while True:
        for _, entries in client.xread({STREAM: last}, block=BLOCK_MS, count=100) or []:
            for entry, fields in entries:
                last = entry.decode()
                yield last, json.loads(fields[b"event"])


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379/0"
    last = sys.argv[2] if len(sys.argv) > 2 else "$"
    client = redis.Redis.from_url(url)
    try:
        for last, event in follow(client, last):
            print(line_of(event), flush=True)
    except KeyboardInterrupt:
        print(f"go on from {last}", file=sys.stderr)


if __name__ == "__main__":
    main()
