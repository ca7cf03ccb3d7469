"""Files in, topic files out: the whole road on one machine, without Kafka."""
