"""The page and the HTTP API: a window over the newest events, from Kafka or from a run's folder."""
