"""Without this file the windows of a feature would be checked against themselves.

Writes contexts_oracle.json beside it: seeded sparse activations of documents whose positions were cut, and for some features what pandas finds:
of each document the strongest token, the strongest of these first, with the activations around it.
Run: python test/kernels/make_contexts.py (numpy 2, pandas 3).
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

DOCUMENTS, LENGTH, FEATURES, THRESHOLD = 9, 12, 7, 0.5
ASKED, COUNT, WINDOW = [0, 3, 5, 6], 4, 4

rng = np.random.default_rng(20)
places = pd.DataFrame(
    [(document, position) for document in range(DOCUMENTS) for position in range(LENGTH - document % 3) if position >= document % 2 * 3],
    columns=["document", "position"],
)
# Quarters, so that values are equal often; feature 6 never reaches the threshold.
dense = np.round(rng.gamma(1.0, 1.2, (len(places), FEATURES)) * 4).astype(np.float32) / 4
dense[rng.random(dense.shape) < 0.6] = 0
dense[:, 6] = np.minimum(dense[:, 6], 0.5)
masked = (places["position"] == 0).to_numpy()
row, feature = np.nonzero(dense)

wide = pd.DataFrame(dense, columns=range(FEATURES)).assign(document=places["document"], position=places["position"])
found = []
for asked in ASKED:
    active = wide[(wide[asked] > THRESHOLD) & ~masked].sort_values([asked, "document", "position"], ascending=[False, True, True], kind="stable")
    best = active.drop_duplicates("document").head(COUNT)
    for rank, (_, hit) in enumerate(best.iterrows(), start=1):
        document, position = int(hit["document"]), int(hit["position"])
        around = range(max(0, position - WINDOW), min(LENGTH - document % 3, position + WINDOW + 1))
        values = wide[wide["document"] == document].set_index("position")[asked].reindex(around)
        found.append({
            "feature": asked, "rank": rank, "activation": float(hit[asked]), "row": document, "position": position,
            "activations": [None if pd.isna(value) else float(value) for value in values],
        })

oracle = {
    "lengths": [LENGTH - document % 3 for document in range(DOCUMENTS)],
    "document": places["document"].tolist(),
    "position": places["position"].tolist(),
    "masked": masked.astype(int).tolist(),
    "csr": {
        "rows": len(places), "cols": FEATURES, "indptr": np.concatenate([[0], np.cumsum((dense != 0).sum(1))]).tolist(),
        "indices": feature.tolist(), "values": [float(value) for value in dense[row, feature]],
    },
    "asked": ASKED, "count": COUNT, "window": WINDOW, "threshold": THRESHOLD,
    "contexts": found,
}
Path(__file__).with_name("contexts_oracle.json").write_text(json.dumps(oracle) + "\n")
