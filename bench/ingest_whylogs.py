"""How many records a second whylogs profiles: run by a Python that has it, with rows and features."""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
import whylogs

rows, features = int(sys.argv[1]), int(sys.argv[2])
values = np.random.default_rng(1).random((rows, features + 1))
frame = pd.DataFrame(values, columns=[*(f"f{n}" for n in range(features)), "score"])
frame["city"] = "Bern"
whylogs.log(frame.head(10))
begun, done = time.perf_counter(), 0
while time.perf_counter() - begun < 5:
    whylogs.log(frame)
    done += rows
print(done / (time.perf_counter() - begun))
