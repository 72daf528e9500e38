"""One round of a Python index: reads an order as JSON from its argument and prints what `measure.ts` prints of Node's.

The threads that libraries may start are fixed by the environment before they are loaded (OMP_NUM_THREADS and RAYON_NUM_THREADS).
"""

import gc
import json
import os
import statistics
import sys
import time

import numpy as np

TOP = 10
WARM_UP_QUERIES, WARM_UP_SECONDS = 10, 1.0
LONG_WARM_UP_QUERIES, LONG_WARM_UP_SECONDS = 3, 0.1
LEAST_QUERIES, MOST_PASSES = 10, 10
LEAST_LONG_QUERIES, LONG_SECONDS = 5, 0.2
CALIBRATION_ROWS = 4096
TRAINING_ROWS = 100_000


def matrix(folder, name, columns, kind):
    return np.fromfile(os.path.join(folder, name), kind).reshape(-1, columns)


class Faiss:
    """An index of FAISS by its factory's name: exact, or fast-scan product quantisation trained on an even sample."""

    def __init__(self, order):
        import faiss

        self.faiss = faiss
        self.order = order
        self.file = os.path.join(order["folder"], "index.faiss")
        faiss.omp_set_num_threads(order["threads"])

    def build(self, rows):
        index = self.faiss.index_factory(rows.shape[1], self.order["build"]["factory"], self.faiss.METRIC_INNER_PRODUCT)
        index.train(np.ascontiguousarray(rows[:: max(1, len(rows) // TRAINING_ROWS)]))
        index.add(rows)
        self.faiss.write_index(index, self.file)

    def open(self):
        self.index = self.faiss.read_index(self.file)

    def search(self, queries, k):
        return self.index.search(queries, k)[1]


class Turbovec:
    """TurboQuant, calibrated on rows drawn at random before the others are added, as its documentation advises."""

    def __init__(self, order):
        import turbovec

        self.turbovec = turbovec
        self.order = order
        self.file = os.path.join(order["folder"], "index.tv")

    def build(self, rows):
        index = self.turbovec.TurboQuantIndex(rows.shape[1], self.order["build"]["bits"])
        drawn = np.random.default_rng(0).choice(len(rows), min(CALIBRATION_ROWS, len(rows)), replace=False)
        index.calibrate(np.ascontiguousarray(rows[drawn]))
        index.add(rows)
        index.write(self.file)

    def open(self):
        self.index = self.turbovec.TurboQuantIndex.load(self.file)
        self.index.prepare()

    def search(self, queries, k):
        return self.index.search(queries, k)[1]


CONTENDERS = {"faiss": Faiss, "turbovec": Turbovec}


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def build(order):
    rows = matrix(order["dataset"]["folder"], "documents.f32", order["dataset"]["dim"], "<f4")
    contender = CONTENDERS[order["contender"]](order)
    began = time.perf_counter()
    contender.build(rows)
    return {"seconds": time.perf_counter() - began}


def warm_up(contender, queries, k):
    start = time.perf_counter()
    for n in range(WARM_UP_QUERIES):
        began = time.perf_counter()
        contender.search(queries[n : n + 1], k)
        now = time.perf_counter()
        if now - start > WARM_UP_SECONDS or (n + 1 >= LONG_WARM_UP_QUERIES and now - began > LONG_WARM_UP_SECONDS):
            break


def measure(order):
    folder, dim, k = order["dataset"]["folder"], order["dataset"]["dim"], order["k"]
    queries = matrix(folder, "queries.f32", dim, "<f4")
    exact = matrix(folder, "exact.u32", TOP, "<u4")
    before = resident_bytes()
    began = time.perf_counter()
    contender = CONTENDERS[order["contender"]](order)
    contender.open()
    open_ms = (time.perf_counter() - began) * 1000

    warm_up(contender, queries, k)
    times, answers = [], []
    start = time.perf_counter()
    for n in range(len(queries) * MOST_PASSES):
        elapsed = time.perf_counter() - start
        least = LEAST_LONG_QUERIES if elapsed > n * LONG_SECONDS else LEAST_QUERIES
        if n >= least and elapsed > order["seconds"]:
            break
        query = queries[n % len(queries)][None]
        began = time.perf_counter()
        found = contender.search(query, k)
        times.append((time.perf_counter() - began) * 1000)
        if n < len(queries):
            answers.append(found[0])
    return {
        "msPerQuery": statistics.median(times),
        "queriesPerSecond": 1000 / statistics.mean(times),
        "overlap10": float(np.mean([len(set(a.tolist()) & set(e.tolist())) / k for a, e in zip(answers, exact)])),
        "ramBytes": resident_bytes() - before,
        "openMs": open_ms,
        "queries": len(answers),
        "eventLoopDelayP99Ms": None,
    }


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(build(given) if given["phase"] == "build" else measure(given)))
