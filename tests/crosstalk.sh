#!/bin/sh
# SPDX-License-Identifier: Apache-2.0

# crosstalk.sh [COUNT [MPM...]]: does every request carry its own client's
# certificate? 200 clients, COUNT requests (50,000) against several processes of
# each MPM named (event). MODULE as in apache.sh.

set -eu
cd "$(dirname "$0")/.."

CROSSTALK_COUNT=${1:-50000}
[ $# -eq 0 ] || shift
CROSSTALK_MPMS=${*:-event}
export CROSSTALK_COUNT CROSSTALK_MPMS
exec tests/apache.sh sessions/crosstalk
