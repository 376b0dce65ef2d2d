"""validate.py SCHEMA FILE: tells by path what of the YAML file the JSON schema refuses."""
import json
import sys

import jsonschema
import yaml

schema, file = sys.argv[1:]
with open(schema, encoding="utf-8") as text:
    # eksctl names its root by $ref.
    validator = jsonschema.validators.validator_for({})(json.load(text))
with open(file, encoding="utf-8") as text:
    errors = sorted(validator.iter_errors(yaml.safe_load(text)), key=lambda error: list(error.absolute_path))
for error in errors:
    print("/".join(map(str, error.absolute_path)) + ": " + error.message[:300])
sys.exit(1 if errors else 0)
