"""Counts the records of a topic by source, with a read_committed consumer that is not Weir's (librdkafka).

count.py BROKERS TOPIC prints one JSON line per source: records, distinct ids, and inversions. A replay numbers its rows. An inversion is a record whose id
ends with a lower number than the id of an earlier record with the same key.
"""
import json
import re
import sys

from confluent_kafka import Consumer, TopicPartition

brokers, topic = sys.argv[1:]
consumer = Consumer({
    "bootstrap.servers": brokers, "group.id": "storm-count", "isolation.level": "read_committed",
    "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": True,
})
partitions = sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])

sources = {}
ended = set()
while len(ended) < len(partitions):
    message = consumer.poll(30)
    if message is None:
        sys.exit("No message and no end within 30 s")
    if message.error():
        ended.add(message.partition())
        continue
    headers = dict(message.headers() or [])
    identifier = headers["weir-id"].decode()
    of = sources.setdefault(headers["weir-source"].decode(), {"records": 0, "ids": set(), "latest": {}, "inversions": 0})
    of["records"] += 1
    of["ids"].add(identifier)
    number = int(re.search(r"\d+$", identifier).group())
    if number < of["latest"].get(message.key(), -1):
        of["inversions"] += 1
    of["latest"][message.key()] = max(number, of["latest"].get(message.key(), -1))
consumer.close()

for source, of in sorted(sources.items()):
    print(json.dumps({"source": source, "records": of["records"], "ids": len(of["ids"]), "inversions": of["inversions"]}))
