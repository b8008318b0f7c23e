#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
printf 'Content-Type: text/plain\n\n%s\n' "$HTTP_CLIENT_CERT"
