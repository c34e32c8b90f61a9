#!/bin/sh
# A sample of tests/fault/hosted_cuts.sh, other places each time.
exec sh "$(dirname "$0")/../fault/hosted_cuts.sh" 60
