#!/bin/sh
# The torture test of tests/fault, in full.
exec sh "$(dirname "$0")/../fault/torture.sh" 200 10
