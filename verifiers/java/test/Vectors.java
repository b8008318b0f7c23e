// SPDX-License-Identifier: Apache-2.0

package clientcert;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/** Verifies values that come on standard input, one case a line: see tests/verifiers/cases.py. */
public final class Vectors {
    private static X509Certificate read(byte[] der) throws CertificateException {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    private static String sha256(X509Certificate certificate) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    }

    private static List<byte[]> list(String field) {
        List<byte[]> all = new ArrayList<>();
        for (String one : field.equals("-") ? new String[0] : field.split(",", -1)) {
            all.add(Base64.getDecoder().decode(one));
        }
        return all;
    }

    private static String answer(String[] field) throws Exception {
        ClientCertFilter.Verifier verifier;
        X509Certificate peer = null;
        try {
            List<X509Certificate> anchors = new ArrayList<>();
            for (byte[] der : list(field[5])) {
                anchors.add(read(der));
            }
            List<X509CRL> crls = new ArrayList<>();
            for (byte[] der : list(field[9])) {
                crls.add((X509CRL) CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der)));
            }
            verifier = new ClientCertFilter.Verifier(anchors, field[9].equals("-") ? null : crls, field[6].equals("-") ? List.of() : List.of(field[6].split(" ")),
                field[1], Long.parseLong(field[3]), Long.parseLong(field[4]));
        } catch (IllegalArgumentException | CertificateException | CRLException unsafe) {
            return "configuration\t" + unsafe.getMessage();
        }
        boolean withoutPeer = field[7].equals("none");
        try {
            for (byte[] der : withoutPeer ? List.<byte[]>of() : list(field[7])) {
                peer = read(der);
            }
        } catch (CertificateException unreadable) {
            return "refused\tTLS would not have this peer: " + unreadable.getMessage();
        }
        List<String> values = new ArrayList<>();
        for (byte[] value : list(field[8])) {
            values.add(new String(value, StandardCharsets.ISO_8859_1));
        }
        try {
            var client = verifier.verify(values, peer, withoutPeer, Instant.ofEpochSecond(Long.parseLong(field[2])));
            return client == null ? "absent" : "accepted\t" + sha256(client.certificate()) + "\t"
                + sha256(client.signer()) + "\t" + client.signingTime().getEpochSecond();
        } catch (ClientCertFilter.Refused refused) {
            return (refused.status == 400 ? "malformed\t" : "refused\t") + refused.getMessage();
        }
    }

    public static void main(String[] arguments) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line; (line = in.readLine()) != null;) {
            String[] field = line.split("\t", -1);
            System.out.println(field[0] + "\t" + answer(field).replaceAll("[\r\n]", " "));
        }
    }
}
