"""How the shipped models are made and what they score. Never imported by `pipeline`; see README.md."""
