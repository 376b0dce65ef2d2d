"""Python's onnxruntime on batches of the model of demand: MODEL ROWS SECONDS RESULT."""
import json
import sys
import time

import numpy
import onnxruntime

model, rows, seconds, result = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
[features] = session.get_inputs()
batch = (numpy.arange(rows * features.shape[1]) * 0.618 % 1 * 10).astype(numpy.float32)
batch = batch.reshape(rows, features.shape[1])


def run(seconds: float) -> int:
    calls, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        session.run(None, {features.name: batch})
        calls += 1
    return calls


run(seconds / 2)
cpu, began = time.process_time(), time.perf_counter()
count = run(seconds) * rows
with open(result, "w") as file:
    json.dump(
        {
            "perCpuSecond": count / (time.process_time() - cpu),
            "perSecond": count / (time.perf_counter() - began),
        },
        file,
    )
