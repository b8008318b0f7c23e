#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The C example under valgrind: no error, no leak.
set -eu
. "$(dirname "$0")/build_example"

valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
    --show-leak-kinds=definite,indirect,possible --error-exitcode=1 "$work/example"
valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
    --show-leak-kinds=definite,indirect,possible --error-exitcode=1 "$work/example" p256 "$work"
echo "ok: no error, no leak"
