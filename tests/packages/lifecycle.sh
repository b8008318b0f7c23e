#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# In the tree of packages.sh: the packages beside this file, from the first installation over an
# upgrade to the purge, with Debian's own Apache, which is really started.
set -u
cd /test

module=libapache2-mod-client-cert
new=$(echo /test/"$module"_*.deb)
tool=$(echo /test/client-cert_*.deb)
library=$(echo /test/libclient-cert-dev_*.deb)
version=$(dpkg-deb -f "$new" Version | cut -d- -f1)
number=0
failed=0

# ok WHAT COMMAND...: one test; what the command prints is shown if it fails.
ok() {
    what=$1
    shift
    number=$((number + 1))
    if "$@" > output 2>&1; then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        sed 's/^/# /' output
        failed=1
    fi
}

apt() {
    # Changed configuration files stay, unasked.
    apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold "$@" < /dev/null
}

# everything: the name of each file, but for what notes that something was installed.
everything() {
    find / -xdev \( -path /test -o -path /proc -o -path /dev -o -path /tmp -o -path /run -o -path /sys \
        -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/apache2 -o -path /var/cache -o -path /var/log \) \
        -prune -o -print | sort
}

# loaded / not_loaded: the running httpd has the module that is installed, or has none.
apache_pid() {
    cat /var/run/apache2/apache2.pid
}
# A restart goes on after the command that asks for it has ended.
in_time() {
    local _
    for _ in $(seq 100); do
        ! "$@" || return 0
        sleep 0.2
    done
    return 1
}
has_module() {
    grep mod_client_cert "/proc/$(apache_pid)/maps" > maps && ! grep deleted maps
}
has_no_module() {
    ! grep mod_client_cert "/proc/$(apache_pid)/maps"
}
loaded() {
    in_time has_module
}
not_loaded() {
    in_time has_no_module
}
fails() {
    ! "$@"
}
equal() {
    [ "$1" = "$2" ] || {
        echo "$1 is not $2"
        return 1
    }
}
silent() {
    "$@" > printed 2>&1
    cat printed
    [ ! -s printed ]
}

# status STATUS CURL-OPTION...: what the client gets from the proxy, which asks the origin.
status() {
    wanted=$1
    shift
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        got=$(curl -s -o page --cacert pki/servers-ca.pem -w '%{http_code}' "$@" https://www.example.com/members/)
        [ "$got" != "$wanted" ] || break
        sleep 1 # it starts
    done
    [ "$got" = "$wanted" ] || {
        echo "status $got instead of $wanted"
        tail -n 20 /var/log/apache2/error.log
        return 1
    }
}

# The lower version, with another client_cert.conf than this one's.
lower() {
    rm -rf lower
    dpkg-deb -R "$new" lower &&
        sed -i 's/^Version:.*/Version: 0.1.0-1/' lower/DEBIAN/control &&
        echo '# Of a lower version.' >> lower/etc/apache2/mods-available/client_cert.conf &&
        (cd lower && find etc usr -type f -exec md5sum {} + > DEBIAN/md5sums) &&
        dpkg-deb --root-owner-group -b lower /test/lower.deb
}

# The certificates that the sites of the examples name.
certificate() {
    name=$1 issuer=$2
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "pki/$name.key" \
        -subj "/CN=$name" -out pki/request &&
        printf 'subjectAltName=DNS:%s\nkeyUsage=digitalSignature\n' "$name" > pki/extensions &&
        openssl x509 -req -in pki/request -CA "pki/$issuer.pem" -CAkey "pki/$issuer.key" -days 2 \
            -extfile pki/extensions -out "pki/$name.pem"
}
authority() {
    openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "pki/$1.key" \
        -subj "/CN=$1" -days 2 -addext keyUsage=keyCertSign,cRLSign -out "pki/$1.pem"
}
certificates() {
    mkdir -p pki /etc/apache2/tls &&
        authority servers-ca && authority clients-ca && authority other-ca &&
        certificate www.example.com servers-ca && certificate origin.example.com servers-ca &&
        certificate proxy.example.com servers-ca &&
        certificate alice clients-ca && certificate mallory other-ca &&
        cp pki/*-ca.pem pki/www.example.com.* /etc/apache2/tls &&
        cat pki/proxy.example.com.pem pki/proxy.example.com.key > /etc/apache2/tls/proxy.pem &&
        cat pki/origin.example.com.pem pki/origin.example.com.key > /etc/apache2/tls/origin.pem &&
        chmod -R go= /etc/apache2/tls
}

# Without an init system, maintainer scripts start and restart only where this says that they may.
printf '#!/bin/sh\nexit 0\n' > /usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d

ok 'a lower version is packed' lower
ok 'Debian has installed its apache2' apt install apache2
everything > before

ok 'the lower version is installed' apt install /test/lower.deb
ok 'it is enabled' a2query -m client_cert
ok 'and loaded by the running server' loaded
ok 'apachectl configtest' apachectl configtest
ok 'dpkg -V' silent dpkg -V "$module"

ok 'certificates' certificates
echo 127.0.0.1 www.example.com origin.example.com >> /etc/hosts
mkdir -p /var/www/html/members
echo 'for members' > /var/www/html/members/index.html
cp /usr/share/doc/$module/examples/*.conf /etc/apache2/sites-available
# Each line that is commented out is one, and no prose: no space follows its sign.
sed -i 's/^#\([^ ]\)/\1/' /etc/apache2/mods-available/client_cert.conf
cp /etc/apache2/mods-available/client_cert.conf changed.conf
ok 'client_cert.conf has lines to use' grep '^ClientCert' changed.conf
ok 'a2enmod' a2enmod ssl proxy proxy_http
ok 'a2ensite' a2ensite proxy origin
ok 'apachectl configtest with all of it' apachectl configtest
ok 'apachectl restart' apachectl restart
ok 'a client without a certificate' status 403
ok 'a client with one' status 200 --cert pki/alice.pem --key pki/alice.key
ok 'gets the page' grep 'for members' page
ok 'a client of another CA: no answer' status 000 --cert pki/mallory.pem --key pki/mallory.key

ok 'upgrade' apt install "$new"
ok 'a changed client_cert.conf stays' cmp changed.conf /etc/apache2/mods-available/client_cert.conf
ok 'the server runs the new module' loaded
ok 'a client with a certificate' status 200 --cert pki/alice.pem --key pki/alice.key
rm -f /etc/apache2/mods-available/client_cert.conf.dpkg-dist

ok 'a2dissite' a2dissite proxy origin
ok 'a2dismod' a2dismod client_cert
ok 'apachectl restart' apachectl restart
pid=$(apache_pid)
started=$(stat -c %Y "/proc/$pid")
ok 'reinstalled where it is disabled' dpkg -i "$new"
ok 'it stays disabled' fails a2query -m client_cert
ok 'the server was not started again' equal "$(apache_pid) $(stat -c %Y "/proc/$pid")" "$pid $started"
ok 'a2enmod' a2enmod client_cert
ok 'apachectl restart' apachectl restart
ok 'loaded again' loaded

ok 'remove' apt remove "$module"
ok 'the server runs without it' not_loaded
ok 'nothing is enabled' fails ls /etc/apache2/mods-enabled/client_cert.load
ok 'configuration files stay' cmp changed.conf /etc/apache2/mods-available/client_cert.conf
ok 'installed again' apt install "$new"
ok 'it is enabled' a2query -m client_cert
ok 'purge, while it runs' apt purge "$module"
ok 'the server runs without it' not_loaded
ok 'apachectl configtest' apachectl configtest

# What this script itself has made, or has had made.
rm -rf /etc/apache2/tls /var/www/html/members /etc/apache2/sites-available/proxy.conf \
    /etc/apache2/sites-available/origin.conf
for name in ssl proxy proxy_http socache_shmcb; do
    rm -f /etc/apache2/mods-enabled/$name.load /etc/apache2/mods-enabled/$name.conf
done
# ours: what has our name, Apache's notes of modules among it.
ours() {
    find / -xdev \( -path /test -o -path /proc -o -path /dev -o -path /var/cache/apt \) -prune \
        -o -name '*client?cert*' -print
}
everything > after
ok 'nothing is left behind' diff before after
ok 'nothing with its name' silent ours

ok 'the tool is installed' apt install "$tool"
ok 'dpkg -V' silent dpkg -V client-cert
ok 'its version' equal "$(client-cert --version)" "client-cert $version"
ok 'purge' apt purge client-cert
everything > after
ok 'nothing is left behind' diff before after

ok 'libclient-cert-dev is installed, and a compiler' \
    apt --no-install-recommends install "$library" gcc libc6-dev pkg-config
ok 'dpkg -V' silent dpkg -V libclient-cert-dev
ok 'its version' equal "$(pkg-config --modversion client_cert)" "$version"
# shellcheck disable=SC2046 # words
ok 'the example is compiled' gcc -Wall -Werror -o example \
    /usr/share/doc/libclient-cert-dev/examples/example.c $(pkg-config --cflags --libs client_cert)
ok 'and runs' ./example
ok 'purge' apt purge libclient-cert-dev
ok 'nothing with its name' silent ours

echo "1..$number"
apachectl stop
exit "$failed"
