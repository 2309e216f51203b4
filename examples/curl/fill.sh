#!/bin/sh
# Prints trace.json with a fresh trace id, and times that end now: cohortd refuses what ended long ago as late.
set -eu
now=$(date +%s)
trace_id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
sed -e "s/@TRACE_ID@/$trace_id/" -e "s/@START@/$((now - 1))750000000/" -e "s/@END@/${now}000000000/" \
  "$(dirname "$0")/trace.json"
