#!/bin/sh
# SPDX-License-Identifier: Apache-2.0

# soak.sh [REQUESTS [MPM...]]: t/sessions/soak.t at length, with 500 clients: 1,000,000 requests on
# event, or so many on each MPM named. It prints memory at each tenth. MODULE as in apache.sh.

set -eu
cd "$(dirname "$0")/.."

SOAK_REQUESTS=${1:-1000000}
[ $# -eq 0 ] || shift
SOAK_MPMS=${*:-event}
SOAK_RESTART=${SOAK_RESTART:-10}
export SOAK_REQUESTS SOAK_MPMS SOAK_RESTART
exec tests/apache.sh sessions/soak
