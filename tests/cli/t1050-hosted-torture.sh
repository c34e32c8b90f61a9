#!/bin/sh
# The torture test of hosted runs in short; `make hosted-torture` is the long one.
exec sh "$(dirname "$0")/../fault/hosted_torture.sh" 15
