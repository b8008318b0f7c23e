#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# In the tree of packages.sh: fetches what lifecycle.sh installs with our packages.
set -eu
cd /test

# What dpkg has to ask about, it answers itself; what apt has fetched, it does not remove.
rm -f /etc/apt/apt.conf.d/docker-clean
apt-get -q update
apt-get -q -y --download-only install ./libapache2-mod-client-cert_*.deb ./client-cert_*.deb
apt-get -q -y --no-install-recommends --download-only install ./libclient-cert-dev_*.deb gcc libc6-dev pkg-config
# The tests' own.
apt-get -q -y --no-install-recommends install curl openssl ca-certificates
