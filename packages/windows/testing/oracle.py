"""Computes the results of windows from all records of a topic at once, as an independent check.

Reads a JSON object from standard input: the definition, and for each partition its records as [key, time, value,
arrival] in their order. Writes for each partition the last result of each window: {"key start-end": [count, sum, max]}.
A join has the records of its two sides, left and right, and as results the pairs "key time,value time,value". A join
with a table has a stream and a table, whose rows with a value that is a multiple of ten are deletions.
"""

import json
import sys


def windows_of(time, size, every):
    last = time // every * every
    return [start for start in range(last - size + every, last + 1, every)]


def fixed(records, size, every, disorder, lateness, ahead):
    counted = {}
    latest = None
    for key, time, value, arrival in records:
        if time > arrival + ahead:
            continue
        for start in windows_of(time, size, every):
            if latest is None or start + size + lateness > latest - disorder:
                counted.setdefault((key, start, start + size), []).append(value)
        latest = time if latest is None else max(latest, time)
    return {window: values for window, values in counted.items() if window[2] <= latest - disorder}


def sliding(records, size, disorder, lateness, ahead):
    taken = {}
    latest = None
    for key, time, value, arrival in records:
        if time > arrival + ahead:
            continue
        if latest is None or time + 1 + lateness > latest - disorder:
            taken.setdefault(key, []).append((time, value))
        latest = time if latest is None else max(latest, time)
    results = {}
    for key, all_of_key in taken.items():
        for time in {time for time, _ in all_of_key if time + 1 <= latest - disorder}:
            results[(key, time + 1 - size, time + 1)] = [v for t, v in all_of_key if time - size < t <= time]
    return results


def sessions(records, gap, disorder, ahead):
    opened = {}
    ended = {}
    latest = None
    for key, time, value, arrival in records:
        if time > arrival + ahead:
            continue
        mine = opened.setdefault(key, [])
        near = [one for one in mine if one[0] <= time + gap and one[1] >= time]
        start = min([time] + [one[0] for one in near])
        end = max([time + gap] + [one[1] for one in near])
        if latest is None or end > latest - disorder:
            values = [v for one in near for v in one[2]] + [value]
            opened[key] = [one for one in mine if one not in near] + [(start, end, values)]
        latest = time if latest is None else max(latest, time)
        for name, all_of_key in opened.items():
            for one in all_of_key:
                if one[1] <= latest - disorder:
                    ended[(name, one[0], one[1])] = one[2]
            opened[name] = [one for one in all_of_key if one[1] > latest - disorder]
    return ended


def taken(records, disorder, ahead):
    latest = None
    for key, time, value, arrival in records:
        if time > arrival + ahead:
            continue
        if latest is None or time >= latest - disorder:
            yield key, time, value
        latest = time if latest is None else max(latest, time)


def table_join(stream, table, disorder, ahead):
    versions = {}
    table_time = None
    for key, time, value, arrival in table:
        if time > arrival + ahead:
            continue
        mine = versions.setdefault(key, [])
        late = table_time is not None and time < table_time
        if not late or not mine or mine[-1]["time"] <= time:
            mine.append({"since": table_time if late else time, "time": time, "value": value})
            mine.sort(key=lambda one: one["since"])
        table_time = time - disorder if table_time is None else max(table_time, time - disorder)
    results = []
    for key, time, value in taken(stream, disorder, ahead):
        if time >= table_time:
            continue
        known = [one for one in versions.get(key, []) if one["since"] <= time]
        row = "undefined" if not known or known[-1]["value"] % 10 == 0 else f"{known[-1]['time']},{known[-1]['value']}"
        results.append(f"{key} {time},{value} {row}")
    return results


def join(left, right, lower, upper, disorder, ahead):
    rights = {}
    for key, time, value in taken(right, disorder, ahead):
        rights.setdefault(key, []).append((time, value))
    return [
        f"{key} {time},{value} {other},{number}"
        for key, time, value in taken(left, disorder, ahead)
        for other, number in rights.get(key, [])
        if lower <= other - time <= upper
    ]


task = json.load(sys.stdin)
if "table" in task:
    options = [task[name] for name in ("disorderMs", "maxAheadMs")]
    pairs = zip(task["stream"], task["table"])
    json.dump([table_join(stream, table, *options) for stream, table in pairs], sys.stdout)
    sys.exit()
if "left" in task:
    options = [task[name] for name in ("lowerMs", "upperMs", "disorderMs", "maxAheadMs")]
    json.dump([join(left, right, *options) for left, right in zip(task["left"], task["right"])], sys.stdout)
    sys.exit()
results = []
for partition in task["partitions"]:
    if "gapMs" in task:
        found = sessions(partition, task["gapMs"], task["disorderMs"], task["maxAheadMs"])
    elif "everyMs" not in task:
        found = sliding(partition, task["sizeMs"], task["disorderMs"], task["latenessMs"], task["maxAheadMs"])
    else:
        found = fixed(
            partition, task["sizeMs"], task["everyMs"], task["disorderMs"], task["latenessMs"], task["maxAheadMs"]
        )
    results.append(
        {f"{key} {start}-{end}": [len(v), sum(v), max(v)] for (key, start, end), v in found.items()}
    )
json.dump(results, sys.stdout)
