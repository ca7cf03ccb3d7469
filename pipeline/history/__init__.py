"""What has been: the ledger of what came in and what became of it."""
