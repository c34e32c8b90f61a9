#!/bin/sh
# A sample of tests/fault/hosted_faults.sh, other faults each time.
exec sh "$(dirname "$0")/../fault/hosted_faults.sh" 45
