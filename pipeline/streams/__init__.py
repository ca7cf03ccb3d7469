"""Messages without a broker: topics, codecs, dead letters, the processor and the child processes that run it."""
