"""Print deals as they come: pip install kafka-python zstandard; python consumer.py localhost:9092"""

import json
import sys

from kafka import KafkaConsumer

consumer = KafkaConsumer("news.events.deal", bootstrap_servers=sys.argv[1], auto_offset_reset="earliest")
for message in consumer:
    # At least once, and what no longer holds is retracted, both by event["event_id"]: docs/updates.md keeps track.
    event = json.loads(message.value)
    who = ", ".join(f"{p['role']} {p.get('name', p['text'])}" for p in event.get("participants", []))
    if event["action"] != "delete" and event["confidence"] >= 0.5 and event["time"] == "current":
        quote = event["evidence"][0]["text"]
        print(f"{event['type']} ({event['status']}): {who} | {quote}", flush=True)  # noqa: T201 (it is its job)
