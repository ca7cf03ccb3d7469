"""The event agent: sentences and entities in, typed and evidenced events out."""
