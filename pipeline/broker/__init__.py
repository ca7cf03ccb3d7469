"""Kafka: `client.py` reads, writes and asks, `admin.py` sets topics up, `worker.py` runs the stages on Faust."""
