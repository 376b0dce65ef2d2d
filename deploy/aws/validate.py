"""validate.py SCHEMA FILE: prints each error of the YAML file against the JSON schema, with its path."""
import json
import sys

import jsonschema
import yaml

schema, file = sys.argv[1:]
with open(schema, encoding="utf-8") as text:
    # The root of eksctl's schema is a $ref.
    validator = jsonschema.validators.validator_for({})(json.load(text))
with open(file, encoding="utf-8") as text:
    errors = sorted(validator.iter_errors(yaml.safe_load(text)), key=lambda error: list(error.absolute_path))
for error in errors:
    print("/".join(map(str, error.absolute_path)) + ": " + error.message[:300])
sys.exit(1 if errors else 0)
