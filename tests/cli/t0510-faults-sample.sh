#!/bin/sh
# A sample of tests/fault/faults.sh, other places each time.
exec sh "$(dirname "$0")/../fault/faults.sh" 50
