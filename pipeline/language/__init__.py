"""Raw article -> clean text, boilerplate spans, language. `stage.py` is the way in."""
