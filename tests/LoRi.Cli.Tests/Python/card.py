"""Reads the header of the model card whose path it is given, as the Hub's own library does, and writes what that made of it."""

import json
import sys

from huggingface_hub import ModelCard

data = ModelCard.load(sys.argv[1]).data
found = {name: value for name, value in data.to_dict().items() if name != "model-index"}
found["results"] = [[one.task_type, one.dataset_type, one.dataset_name, one.metric_type, one.metric_value] for one in data.eval_results or []]
json.dump(found, sys.stdout)
