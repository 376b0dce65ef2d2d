"""policies.py < POLICIES: checks IAM policies with parliament, which knows every action and resource.

The input is a JSON object of policies by name; the output lists the findings."""
import json
import sys

from parliament import analyze_policy_string

found = 0
for name, policy in json.load(sys.stdin).items():
    for finding in analyze_policy_string(json.dumps(policy)).findings:
        found += 1
        print(f"{name}: {finding.issue} {finding.detail} {finding.location}"[:300])
sys.exit(1 if found else 0)
