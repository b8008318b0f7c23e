// SPDX-License-Identifier: Apache-2.0

package clientcert;

import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Principal;
import java.security.SignatureException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;

import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.RuntimeOperatorException;

/**
 * Takes the client's identity from the signed header Client-Cert of mod_client_cert (formats
 * {@code cms} and {@code cms-sf}). Behind it the application sees the client as though TLS had ended
 * here: the request attribute {@code jakarta.servlet.request.X509Certificate}, and the user. Without
 * the header there is no identity: the proxy's own certificate never stands in for the client's. A
 * malformed header is answered 400, one that is not trusted 403. The reason goes to the log.
 *
 * <p>Needs Java 17, jakarta.servlet 5, bcprov, bcutil and bcpkix. README.md has the parameters and what
 * this refuses that the module takes. Map it first, to REQUEST, ASYNC and ERROR.
 */
public final class ClientCertFilter implements Filter {
    private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";
    private static final String OUTCOME = ClientCertFilter.class.getName() + ".outcome";
    private static final System.Logger LOG = System.getLogger(ClientCertFilter.class.getName());

    private Verifier verifier;
    private String header;
    private boolean withoutPeer;

    /** What was found of a request: the client, or {@code null}. */
    private record Outcome(Client client) {}

    @Override
    public void init(FilterConfig config) throws ServletException {
        Map<String, String> given = new HashMap<>();
        for (String name : Collections.list(config.getInitParameterNames())) {
            given.put(name, config.getInitParameter(name));
        }
        header = given.getOrDefault("header", "Client-Cert");
        String peer = given.getOrDefault("peer", "required");
        withoutPeer = peer.equals("none");
        Set<String> known = Set.of("header", "peer", "trust", "crls", "names", "format", "maxAge", "skew");
        if (!known.containsAll(given.keySet()) || !(withoutPeer || peer.equals("required"))) {
            throw new ServletException("ClientCertFilter: unknown parameter or peer: " + given);
        }
        try {
            if (!given.containsKey("trust")) {
                throw new IllegalArgumentException("the parameter trust is missing");
            }
            verifier = new Verifier(Verifier.readPem(given.get("trust")),
                given.containsKey("crls") ? Verifier.readCrls(given.get("crls")) : null,
                List.of(given.getOrDefault("names", "").trim().split("\\s+")),
                given.getOrDefault("format", "cms"),
                Long.parseLong(given.getOrDefault("maxAge", "300")),
                Long.parseLong(given.getOrDefault("skew", "30")));
        } catch (IOException | GeneralSecurityException | IllegalArgumentException wrong) {
            throw new ServletException("ClientCertFilter: " + wrong.getMessage(), wrong);
        }
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpServletRequest http = (HttpServletRequest) request;
        if (!(http.getAttribute(OUTCOME) instanceof Outcome)) {
            Outcome outcome = new Outcome(null);
            try {
                outcome = new Outcome(verifier.verify(Collections.list(http.getHeaders(header)),
                    peer(http), withoutPeer, Instant.now()));
            } catch (Refused refused) {
                LOG.log(System.Logger.Level.INFO, "{0}: {1}", header, refused.getMessage());
                // The page for an error is served, as to a client without an identity.
                if (http.getDispatcherType() != DispatcherType.ERROR) {
                    ((HttpServletResponse) response).sendError(refused.status);
                    return;
                }
            } catch (GeneralSecurityException | OperatorCreationException fault) {
                throw new ServletException("ClientCertFilter: " + fault.getMessage(), fault);
            }
            http.setAttribute(OUTCOME, outcome);
        }
        chain.doFilter(new Request(http, header, ((Outcome) http.getAttribute(OUTCOME)).client), response);
    }

    /** The certificate that the TLS peer of this connection presented. */
    private static X509Certificate peer(HttpServletRequest http) {
        return http.getAttribute(CERTIFICATES) instanceof X509Certificate[] chain && chain.length > 0
            ? chain[0] : null;
    }

    /** The request as the application sees it. */
    private static final class Request extends HttpServletRequestWrapper {
        private final String header;
        private final Client client;

        Request(HttpServletRequest request, String header, Client client) {
            super(request);
            this.header = header;
            this.client = client;
        }

        @Override
        public Object getAttribute(String name) {
            if (!name.equals(CERTIFICATES)) {
                return super.getAttribute(name);
            }
            return client == null ? null : new X509Certificate[] {client.certificate()};
        }

        /** What the container knows by a certificate is the proxy. A log-in of another kind is left. */
        private boolean isProxy() {
            String type = super.getAuthType();
            return type == null || type.equals(CLIENT_CERT_AUTH);
        }

        @Override
        public Principal getUserPrincipal() {
            if (!isProxy()) {
                return super.getUserPrincipal();
            }
            return client == null ? null : client.certificate().getSubjectX500Principal();
        }

        @Override
        public String getRemoteUser() {
            Principal user = getUserPrincipal();
            return user == null ? null : user.getName();
        }

        @Override
        public String getAuthType() {
            return !isProxy() ? super.getAuthType() : client == null ? null : CLIENT_CERT_AUTH;
        }

        @Override
        public boolean isUserInRole(String role) {
            return !isProxy() && super.isUserInRole(role);
        }

        @Override
        public String getHeader(String name) {
            return name.equalsIgnoreCase(header) ? null : super.getHeader(name);
        }

        @Override
        public java.util.Enumeration<String> getHeaders(String name) {
            return name.equalsIgnoreCase(header) ? Collections.emptyEnumeration() : super.getHeaders(name);
        }

        @Override
        public java.util.Enumeration<String> getHeaderNames() {
            List<String> names = Collections.list(super.getHeaderNames());
            names.removeIf(header::equalsIgnoreCase);
            return Collections.enumeration(names);
        }
    }

    /** A client whose proxy signed for it. */
    public record Client(X509Certificate certificate, X509Certificate signer, Instant signingTime) {}

    /** A value that is malformed (status 400) or not trusted (403). */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        public final int status;

        Refused(int status, String reason) {
            super(reason, null, false, false);
            this.status = status;
        }
    }

    private static Refused malformed(String reason) {
        return new Refused(400, reason);
    }

    private static Refused refused(String reason) {
        return new Refused(403, reason);
    }

    /** Verifies values; knows nothing of servlets. Safe for use by several threads. */
    public static final class Verifier {
        private static final int MAX_VALUE = 65_536;
        private static final int MAX_CERTIFICATES = 8;

        // Contents of OBJECT IDENTIFIERs and of AlgorithmIdentifiers, in hexadecimal.
        private static final String DATA = "2a864886f70d010701";
        private static final String SIGNED_DATA = "2a864886f70d010702";
        private static final String CONTENT_TYPE = "2a864886f70d010903";
        private static final String MESSAGE_DIGEST = "2a864886f70d010904";
        private static final String SIGNING_TIME = "2a864886f70d010905";
        private static final String COUNTERSIGNATURE = "2a864886f70d010906";
        private static final String SIGNING_CERTIFICATE = "2a864886f70d010910020c";
        private static final String SIGNING_CERTIFICATE_V2 = "2a864886f70d010910022f";
        private static final String ALGORITHM_PROTECTION = "2a864886f70d010934";
        private static final String RSA = "06092a864886f70d01010";
        private static final String ECDSA = "06082a8648ce3d04030";
        private static final String ED25519 = "06032b6570";
        private static final Map<String, String> DIGESTS = Map.of(
            "0609608648016503040201", "SHA-256",
            "0609608648016503040202", "SHA-384",
            "0609608648016503040203", "SHA-512");
        /** The digest that a signature algorithm names. */
        private static final Map<String, String> SIGNATURES = Map.of(
            RSA + "b", "SHA-256", RSA + "c", "SHA-384", RSA + "d", "SHA-512",
            ECDSA + "2", "SHA-256", ECDSA + "3", "SHA-384", ECDSA + "4", "SHA-512", ED25519, "SHA-512");
        private static final Set<String> CRL_SIGNATURES = Set.of(
            "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13",
            "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", "1.3.101.112");
        private static final Set<String> CURVES = Set.of(
            "06072a8648ce3d020106082a8648ce3d030107",
            "06072a8648ce3d020106052b81040022",
            "06072a8648ce3d020106052b81040023");
        private static final Set<String> USAGES = Set.of("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
        private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMddHHmmss", Locale.ROOT).withResolverStyle(ResolverStyle.STRICT);

        private final Set<X509Certificate> anchors;
        private final List<X509CRL> crls;
        private final Set<String> names = new HashSet<>();
        private final boolean sf;
        private final long maxAge;
        private final long skew;

        /**
         * @param anchors each one a CA to which the signer must lead, or the signer itself, pinned
         * @param crls of which each certificate of the signer's path that is no anchor needs one in force;
         *     {@code null} for no CRLs. A pinned signer needs none
         * @param names of which the signer must have one as a subjectAltName: a dNSName, or its only
         *     URI. They may be missing only where no anchor is a CA
         * @param format {@code cms} or {@code cms-sf}
         * @param maxAge of a signature, in seconds
         * @param skew how far in the future a signature may lie, in seconds
         * @throws IllegalArgumentException for what would not be safe
         */
        public Verifier(Collection<X509Certificate> anchors, Collection<X509CRL> crls, Collection<String> names,
                String format, long maxAge, long skew) {
            this.anchors = Set.copyOf(anchors);
            this.crls = crls == null ? null : List.copyOf(crls);
            if (crls != null && (crls.isEmpty() || crls.stream().anyMatch(crl -> crl.getNextUpdate() == null))) {
                throw new IllegalArgumentException("there is no CRL, or one without nextUpdate, which would be good for ever");
            }
            for (String name : names) {
                if (name.matches("[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")) {
                    this.names.add(name);
                } else if (name.matches("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*")) {
                    this.names.add(name.toLowerCase(Locale.ROOT));
                } else if (!name.isEmpty()) {
                    throw new IllegalArgumentException("neither a dNSName nor a URI: " + name);
                }
            }
            if (this.anchors.isEmpty()) {
                throw new IllegalArgumentException("there is no trust anchor");
            }
            if (this.names.isEmpty() && this.anchors.stream().anyMatch(Verifier::mayIssue)) {
                throw new IllegalArgumentException("a CA issues to others, too: names are needed");
            }
            if (!format.equals("cms") && !format.equals("cms-sf") || maxAge <= 0 || skew < 0) {
                throw new IllegalArgumentException("unknown format, or no age: " + format);
            }
            this.sf = format.equals("cms-sf");
            this.maxAge = maxAge;
            this.skew = skew;
        }

        /** Reads the certificates of a PEM file. */
        public static List<X509Certificate> readPem(String file) throws IOException, CertificateException {
            List<X509Certificate> read = new ArrayList<>();
            try (InputStream in = new FileInputStream(file)) {
                for (var one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                    read.add((X509Certificate) one);
                }
            }
            return read;
        }

        /** Reads the CRLs of a PEM file. */
        public static List<X509CRL> readCrls(String file) throws IOException, GeneralSecurityException {
            List<X509CRL> read = new ArrayList<>();
            try (InputStream in = new FileInputStream(file)) {
                for (var one : CertificateFactory.getInstance("X.509").generateCRLs(in)) {
                    read.add((X509CRL) one);
                }
            }
            return read;
        }

        /**
         * Verifies the values of a request's header.
         *
         * @param values as many as the request has
         * @param peer the certificate that the TLS peer presented
         * @param withoutPeer whether to do without the peer, where the runtime does not show it
         * @return the client, or {@code null} if the request has no such header
         * @throws Refused the reason not to believe the value
         * @throws GeneralSecurityException a fault of this side's
         */
        public Client verify(List<String> values, X509Certificate peer, boolean withoutPeer, Instant now)
                throws Refused, GeneralSecurityException, OperatorCreationException {
            if (values.isEmpty()) {
                return null;
            }
            if (values.size() > 1) {
                throw malformed("the header is there " + values.size() + " times");
            }
            if (peer == null && !withoutPeer) {
                throw refused("the TLS peer presented no certificate");
            }
            byte[] der = decode(values.get(0));
            SignedData data = new SignedData(Der.only(der));
            long age = now.getEpochSecond() - data.signingTime.getEpochSecond();
            if (age > maxAge || age < -skew) {
                throw refused("it was signed " + age + " seconds ago");
            }
            if (!Arrays.equals(data.messageDigest, MessageDigest.getInstance(data.digest).digest(data.content))) {
                throw refused("messageDigest is not the digest of the content");
            }

            Certificate signer = signer(data, withoutPeer ? null : new Certificate(peer.getEncoded()));
            if (!data.goesWith(signer.keyType)) {
                throw refused("the signature algorithm is not for the signer's key and this digest");
            }
            X509Certificate certificate = signer.decode();
            checkUse(certificate);
            Set<Certificate> path = path(certificate, signer, data.certificates, now);
            checkSignature(der, certificate);
            X509Certificate client = new Certificate(data.content).decode();
            if (!isValid(client, now)) {
                throw refused("the client's certificate is not valid now");
            }
            SignedData.checkSigningCertificate(data.signingCertificateV2, "SHA-256", signer, path);
            SignedData.checkSigningCertificate(data.signingCertificate, "SHA-1", signer, path);
            return new Client(client, certificate, data.signingTime);
        }

        private byte[] decode(String value) throws Refused {
            if (value.isEmpty() || value.length() > MAX_VALUE) {
                throw malformed("it is empty, or longer than " + MAX_VALUE);
            }
            String base64 = value;
            if (sf) {
                if (value.length() < 2 || !value.startsWith(":") || !value.endsWith(":")) {
                    throw malformed("it is no Byte Sequence");
                }
                base64 = value.substring(1, value.length() - 1);
            }
            try {
                byte[] octets = Base64.getDecoder().decode(base64);
                // The decoder does without padding, and with bits left over.
                if (octets.length > 0 && Base64.getEncoder().encodeToString(octets).equals(base64)) {
                    return octets;
                }
            } catch (IllegalArgumentException notBase64) {
                // Refused below.
            }
            throw malformed("it is not base64 to the letter");
        }

        /** The one that the value names: with a peer the peer and no other. */
        private Certificate signer(SignedData data, Certificate peer) throws Refused, CertificateException {
            List<Certificate> named = data.certificates.stream().filter(data::names).toList();
            if (peer != null) {
                if (!data.names(peer) || named.size() > 1 || named.size() == 1 && !named.get(0).equals(peer)) {
                    throw refused("the signer is not the TLS peer");
                }
                return peer;
            }
            if (named.isEmpty()) {
                List<Certificate> pinned = new ArrayList<>();
                for (X509Certificate anchor : anchors) {
                    pinned.add(Certificate.of(anchor));
                }
                named = pinned.stream().filter(data::names).toList();
            }
            if (named.size() != 1) {
                throw refused("who signed cannot be told");
            }
            return named.get(0);
        }

        private void checkUse(X509Certificate signer) throws Refused {
            boolean[] usage = signer.getKeyUsage();
            List<String> extended;
            Set<String> found = new HashSet<>();
            List<String> uris = new ArrayList<>();
            try {
                extended = signer.getExtendedKeyUsage();
                GeneralNames all = GeneralNames.fromExtensions(
                    new JcaX509CertificateHolder(signer).getExtensions(), Extension.subjectAlternativeName);
                for (GeneralName name : all == null ? new GeneralName[0] : all.getNames()) {
                    String text = name.getName().toString();
                    if (name.getTagNo() == GeneralName.dNSName) {
                        found.add(text.toLowerCase(Locale.ROOT));
                    } else if (name.getTagNo() == GeneralName.uniformResourceIdentifier) {
                        uris.add(text);
                    }
                }
            } catch (CertificateException | IllegalArgumentException malformed) {
                throw refused("the signer's extensions: " + malformed.getMessage());
            }
            if (usage != null && !usage[0] || extended != null && Collections.disjoint(extended, USAGES)) {
                throw refused("the signer's certificate is not for signatures of a server or client");
            }
            // A colon tells the one kind from the other; of several URIs none counts.
            found.removeIf(name -> name.contains(":"));
            if (uris.size() == 1 && uris.get(0).contains(":")) {
                found.add(uris.get(0));
            }
            if (!names.isEmpty() && Collections.disjoint(names, found)) {
                throw refused("the signer has none of the trusted names, but " + found);
            }
        }

        /** Verifies the signer's certification path, and returns it without the signer. */
        private Set<Certificate> path(X509Certificate certificate, Certificate signer,
                Set<Certificate> others, Instant now) throws Refused, GeneralSecurityException {
            if (anchors.contains(certificate)) {
                if (!isValid(certificate, now)) {
                    throw refused("the pinned signer is not valid now");
                }
                return Set.of();
            }
            if (mayIssue(certificate)) {
                throw refused("the signer is a CA");
            }
            // What the certificates of the path are signed with, and when the anchor is valid, is
            // for us to say: PKIX takes any anchor, and this Java's security properties vary.
            Set<TrustAnchor> roots = new HashSet<>();
            for (X509Certificate anchor : anchors) {
                if (anchor.getBasicConstraints() >= 0 && isValid(anchor, now)
                        && (anchor.getKeyUsage() == null || anchor.getKeyUsage()[5])) {
                    roots.add(new TrustAnchor(anchor, null));
                }
            }
            if (roots.isEmpty()) {
                throw refused("no trusted CA is valid now");
            }
            List<X509Certificate> intermediates = new ArrayList<>();
            for (Certificate other : others) {
                if (!other.equals(signer)) {
                    intermediates.add(other.decode());
                }
            }
            X509CertSelector target = new X509CertSelector();
            target.setCertificate(certificate);
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(roots, target);
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(intermediates)));
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(now));
            parameters.setMaxPathLength(MAX_CERTIFICATES);
            try {
                var built = (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
                Set<Certificate> path = new HashSet<>();
                List<X509Certificate> chain = new ArrayList<>();
                for (var one : built.getCertPath().getCertificates()) {
                    X509Certificate member = (X509Certificate) one;
                    Certificate read = Certificate.of(member);
                    if (!isValid(member, now) || !SIGNATURES.containsKey(read.signatureAlgorithm)) {
                        throw refused("a certificate of the path is not valid now, or weakly signed");
                    }
                    path.add(read);
                    chain.add(member);
                }
                path.add(Certificate.of(built.getTrustAnchor().getTrustedCert()));
                chain.add(built.getTrustAnchor().getTrustedCert());
                checkRevocation(chain, now);
                path.remove(signer);
                return path;
            } catch (CertPathBuilderException untrusted) {
                throw refused("the signer does not lead to a trusted CA: " + untrusted.getMessage());
            }
        }

        /** Asks of each certificate of a path, which was verified, whether its issuer revoked it. */
        private void checkRevocation(List<X509Certificate> chain, Instant now) throws Refused {
            for (int place = 0; crls != null && place < chain.size(); place++) {
                // An anchor needs no CRL, but it may have revoked itself.
                boolean found = place == chain.size() - 1;
                X509Certificate one = chain.get(place);
                X509Certificate issuer = found ? one : chain.get(place + 1);
                for (X509CRL crl : crls) {
                    if (crl.getIssuerX500Principal().equals(one.getIssuerX500Principal()) && isInForce(crl, issuer, now)) {
                        found = true;
                        if (crl.getRevokedCertificate(one.getSerialNumber()) != null) {
                            throw refused("a certificate of the path is revoked");
                        }
                    }
                }
                if (!found) {
                    throw refused("there is no CRL for a certificate of the path, or none in force");
                }
            }
        }

        /** It is complete, the issuer's, and there is nothing in it that would have to be understood. */
        private static boolean isInForce(X509CRL crl, X509Certificate issuer, Instant now) {
            Collection<? extends X509CRLEntry> entries =
                crl.getRevokedCertificates() == null ? Set.<X509CRLEntry>of() : crl.getRevokedCertificates();
            // A delta, and one for some certificates or reasons only.
            boolean isPart = crl.getExtensionValue("2.5.29.27") != null || crl.getExtensionValue("2.5.29.28") != null;
            Set<String> critical = crl.getCriticalExtensionOIDs();
            if (isPart || critical != null && !critical.isEmpty()
                    || entries.stream().map(X509CRLEntry::getCriticalExtensionOIDs).anyMatch(oids -> oids != null && !oids.isEmpty())
                    || !CRL_SIGNATURES.contains(crl.getSigAlgOID())
                    || issuer.getKeyUsage() != null && !issuer.getKeyUsage()[6]
                    || now.isBefore(crl.getThisUpdate().toInstant()) || !now.isBefore(crl.getNextUpdate().toInstant())) {
                return false;
            }
            try {
                crl.verify(issuer.getPublicKey());
                return true;
            } catch (GeneralSecurityException another) {
                return false;
            }
        }

        /** Lets BouncyCastle verify the signature, and once more what the attributes say. */
        private static void checkSignature(byte[] der, X509Certificate signer)
                throws Refused, OperatorCreationException {
            try {
                Collection<SignerInformation> signers = new CMSSignedData(der).getSignerInfos().getSigners();
                var builder = new JcaSimpleSignerInfoVerifierBuilder();
                // By the key: with the certificate, it would have to be valid at the signing time.
                if (signers.size() == 1 && signers.iterator().next().verify(builder.build(signer.getPublicKey()))) {
                    return;
                }
            } catch (RuntimeOperatorException bad) {
                if (!(bad.getCause() instanceof SignatureException)) {
                    throw new OperatorCreationException(bad.getMessage(), bad);
                }
            } catch (CMSException | IllegalArgumentException bad) {
                throw refused("the signature: " + bad.getMessage());
            }
            throw refused("the signature is not the signer's");
        }

        /** The second of notAfter is out of it, as OpenSSL has it. */
        private static boolean isValid(X509Certificate certificate, Instant now) {
            return !now.isBefore(certificate.getNotBefore().toInstant())
                && now.isBefore(certificate.getNotAfter().toInstant());
        }

        private static boolean mayIssue(X509Certificate certificate) {
            boolean[] usage = certificate.getKeyUsage();
            return certificate.getBasicConstraints() >= 0
                || certificate.getExtensionValue("2.5.29.19") == null
                && (certificate.getVersion() < 3 || usage != null && usage[5]);
        }

        private static String hex(byte[] octets) {
            return HexFormat.of().formatHex(octets);
        }

        /** One element of DER, and nothing that is not DER: X.690 sections 10 and 11. */
        private record Der(int tag, byte[] raw, byte[] contents) {
            /** The one element that this is. */
            static Der only(byte[] octets) throws Refused {
                List<Der> all = sequence(octets);
                if (all.size() != 1) {
                    throw malformed("there are " + all.size() + " elements where one is wanted");
                }
                return all.get(0);
            }

            static List<Der> sequence(byte[] octets) throws Refused {
                List<Der> all = new ArrayList<>();
                for (int at = 0; at < octets.length;) {
                    int tag = octets[at] & 0xff;
                    int body = at + 2;
                    int length = body <= octets.length ? octets[at + 1] & 0xff : -1;
                    if (length > 0x80) {
                        int count = length & 0x7f;
                        length = 0;
                        for (int i = 0; i < count && count <= 3 && body < octets.length; i++) {
                            length = length << 8 | octets[body++] & 0xff;
                        }
                        if (length < 0x80 || length >> 8 * (count - 1) == 0 || count > 3) {
                            length = -1;
                        }
                    } else if (length == 0x80) {
                        length = -1;
                    }
                    if (length < 0 || length > octets.length - body || (tag & 0x1f) == 0x1f) {
                        throw malformed("it is not DER");
                    }
                    all.add(new Der(tag, Arrays.copyOfRange(octets, at, body + length),
                        Arrays.copyOfRange(octets, body, body + length)));
                    at = body + length;
                }
                return all;
            }

            List<Der> children(int wanted) throws Refused {
                if (tag != wanted) {
                    throw malformed("there is another element where one with tag " + wanted + " is wanted");
                }
                return sequence(contents);
            }

            Der strict() throws Refused {
                return strict(32);
            }

            private Der strict(int deeper) throws Refused {
                boolean constructed = (tag & 0x20) != 0;
                int first = contents.length > 0 ? contents[0] : 0;
                int second = contents.length > 1 ? contents[1] : 0;
                int last = contents.length > 0 ? contents[contents.length - 1] : 0;
                String text = new String(contents, StandardCharsets.ISO_8859_1);
                boolean good = (tag & 0xc0) != 0 || switch (tag) {
                    case 1 -> text.equals("\0") || text.equals("\u00ff");
                    case 2, 10 -> contents.length == 1
                        || contents.length > 1 && (first != 0 && first != -1 || (first ^ second) < 0);
                    case 3 -> contents.length > 0 && first >= 0 && first < 8
                        && (first == 0 || contents.length > 1 && (last & (1 << first) - 1) == 0);
                    case 5 -> contents.length == 0;
                    case 6 -> contents.length > 0 && last >= 0 && !text.matches("(?s)\u0080.*|.*[\0-\u007f]\u0080.*");
                    case 23 -> text.matches("[0-9]{12}Z");
                    case 24 -> text.matches("[0-9]{14}(\\.[0-9]*[1-9])?Z");
                    case 28 -> contents.length % 4 == 0;
                    case 30 -> contents.length % 2 == 0;
                    case 0, 8, 11, 16, 17, 29 -> false;
                    default -> !constructed || tag == 0x30 || tag == 0x31;
                };
                if (!good || deeper == 0) {
                    throw malformed("it is not DER");
                }
                for (Der child : constructed ? sequence(contents) : List.<Der>of()) {
                    child.strict(deeper - 1);
                }
                return this;
            }
        }

        /** A certificate in a value, of which nothing is decoded but what says whether to. */
        private static final class Certificate {
            private final byte[] der;
            private final String issuerAndSerial;
            private final String signatureAlgorithm;
            /** The beginning of the names of its signature algorithms; {@code null} for none of ours. */
            private final String keyType;

            Certificate(byte[] der) throws Refused {
                this.der = der;
                // OpenSSL writes a certificate with its tbsCertificate as it came, the rest in DER.
                List<Der> parts = Der.only(der).children(0x30);
                if (parts.size() != 3 || parts.get(2).tag != 3) {
                    throw malformed("that is no certificate");
                }
                signatureAlgorithm = hex(parts.get(1).strict().contents).replaceFirst("^(" + RSA + "[bcd])0500$", "$1");
                parts.get(2).strict();
                List<Der> fields = parts.get(0).children(0x30);
                int at = !fields.isEmpty() && fields.get(0).tag == 0xa0 ? 1 : 0;
                if (fields.size() < at + 6) {
                    throw malformed("that is no certificate");
                }
                issuerAndSerial = hex(fields.get(at + 2).raw) + hex(fields.get(at).raw);
                keyType = keyType(fields.get(at + 5).children(0x30));
            }

            static Certificate of(X509Certificate certificate) throws Refused, CertificateException {
                return new Certificate(certificate.getEncoded());
            }

            private static String keyType(List<Der> key) throws Refused {
                if (key.size() != 2 || key.get(1).tag != 3) {
                    throw malformed("that is no key");
                }
                String algorithm = hex(key.get(0).contents);
                if (CURVES.contains(algorithm)) {
                    return ECDSA;
                }
                if (algorithm.equals(ED25519)) {
                    return ED25519;
                }
                byte[] bits = key.get(1).contents;
                if (algorithm.startsWith(RSA + "1") && bits.length > 1) {
                    List<Der> numbers = Der.only(Arrays.copyOfRange(bits, 1, bits.length)).children(0x30);
                    if (numbers.size() == 2 && numbers.get(0).contents.length > 0 && numbers.get(1).contents.length > 0) {
                        BigInteger modulus = new BigInteger(numbers.get(0).contents);
                        BigInteger exponent = new BigInteger(numbers.get(1).contents);
                        boolean good = modulus.bitLength() >= 2048 && modulus.bitLength() <= 8192
                            && modulus.signum() > 0 && exponent.bitLength() <= 32 && exponent.testBit(0)
                            && exponent.compareTo(BigInteger.ONE) > 0;
                        return good ? RSA : null;
                    }
                }
                return null;
            }

            X509Certificate decode() throws Refused {
                try {
                    var read = (X509Certificate) CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(der));
                    if (Arrays.equals(read.getEncoded(), der)) {
                        return read;
                    }
                } catch (CertificateException unreadable) {
                    throw malformed("Java cannot read a certificate: " + unreadable.getMessage());
                }
                throw malformed("Java reads a certificate otherwise than it came");
            }

            @Override
            public boolean equals(Object other) {
                return other instanceof Certificate certificate && Arrays.equals(certificate.der, der);
            }

            @Override
            public int hashCode() {
                return Arrays.hashCode(der);
            }
        }

        /** A SignedData of the one profile that is taken, RFC 5652 section 5: read, and not verified. */
        private static final class SignedData {
            private final byte[] content;
            private final Set<Certificate> certificates = new HashSet<>();
            private final String issuerAndSerial;
            private final String digest;
            private final String signatureAlgorithm;
            private final byte[] messageDigest;
            private final Instant signingTime;
            private final Der signingCertificate;
            private final Der signingCertificateV2;

            SignedData(Der contentInfo) throws Refused {
                List<Der> outer = contentInfo.children(0x30);
                if (outer.size() != 2 || !isOid(outer.get(0), SIGNED_DATA)) {
                    throw malformed("it is no SignedData");
                }
                List<Der> data = Der.only(only(outer.get(1), 0xa0).raw).children(0x30);
                boolean hasCertificates = data.size() == 5 && data.get(3).tag == 0xa0;
                if (data.size() != 4 && !hasCertificates) {
                    throw malformed("its fields are not those of the profile");
                }
                Der signers = data.get(data.size() - 1).strict();
                isVersion1(data.get(0));
                List<Der> encapsulated = data.get(2).strict().children(0x30);
                if (encapsulated.size() != 2 || !isOid(encapsulated.get(0), DATA)) {
                    throw malformed("its content is not of the type data, or detached");
                }
                Der octets = only(encapsulated.get(1), 0xa0);
                if (octets.tag != 4) {
                    throw malformed("its content is no OCTET STRING");
                }
                content = octets.contents;

                List<Der> signer = only(signers, 0x31).children(0x30);
                // No unsigned attributes, and by issuerAndSerialNumber.
                if (signer.size() != 6 || signer.get(1).tag != 0x30 || signer.get(5).tag != 4) {
                    throw malformed("its SignerInfo is not that of the profile");
                }
                isVersion1(signer.get(0));
                List<Der> sid = signer.get(1).children(0x30);
                if (sid.size() != 2 || sid.get(0).tag != 0x30 || sid.get(1).tag != 2) {
                    throw malformed("its signer is not named by issuer and serial number");
                }
                issuerAndSerial = hex(sid.get(0).raw) + hex(sid.get(1).raw);
                digest = digest(signer.get(2));
                if (!digest.equals(digest(only(data.get(1).strict(), 0x31)))) {
                    throw malformed("it names two digest algorithms");
                }
                signatureAlgorithm = hex(signer.get(4).contents);
                Map<String, Der> attributes = attributes(signer.get(3));
                Der contentType = needed(attributes, CONTENT_TYPE);
                if (!isOid(contentType, DATA)) {
                    throw refused("the attribute contentType is not that of the content");
                }
                Der found = needed(attributes, MESSAGE_DIGEST);
                if (found.tag != 4) {
                    throw malformed("messageDigest is no OCTET STRING");
                }
                messageDigest = found.contents;
                signingTime = time(needed(attributes, SIGNING_TIME));
                signingCertificate = attributes.get(SIGNING_CERTIFICATE);
                signingCertificateV2 = attributes.get(SIGNING_CERTIFICATE_V2);
                Der protection = attributes.get(ALGORITHM_PROTECTION);
                if (protection != null) {
                    List<Der> both = protection.children(0x30);
                    if (both.size() != 2 || both.get(0).tag != 0x30 || both.get(1).tag != 0xa1) {
                        throw malformed("CMSAlgorithmProtection is malformed");
                    }
                    if (!Arrays.equals(both.get(0).raw, signer.get(2).raw)
                            || !Arrays.equals(both.get(1).contents, signer.get(4).contents)) {
                        throw refused("CMSAlgorithmProtection names other algorithms");
                    }
                }
                if (hasCertificates) {
                    List<Der> all = data.get(3).children(0xa0);
                    if (all.isEmpty() || all.size() > MAX_CERTIFICATES) {
                        throw malformed("it has no certificates, or more than " + MAX_CERTIFICATES);
                    }
                    for (Der one : all) {
                        Certificate certificate = new Certificate(one.raw);
                        if (certificate.keyType == null) {
                            throw refused("a certificate in it has a key that is not taken");
                        }
                        certificates.add(certificate);
                    }
                }
            }

            boolean names(Certificate certificate) {
                return certificate.issuerAndSerial.equals(issuerAndSerial);
            }

            /** Whether a key of this type makes such signatures, with this digest. */
            boolean goesWith(String keyType) {
                if (RSA.equals(keyType) && signatureAlgorithm.equals(RSA + "10500")) {
                    return true;
                }
                String plain = RSA.equals(keyType)
                    ? signatureAlgorithm.replaceFirst("0500$", "") : signatureAlgorithm;
                return keyType != null && plain.startsWith(keyType) && digest.equals(SIGNATURES.get(plain));
            }

            /** signingCertificateV2 (RFC 5035) or its predecessor: first the signer's, then others of its path. */
            static void checkSigningCertificate(Der attribute, String usual, Certificate signer, Set<Certificate> path)
                    throws Refused, GeneralSecurityException {
                if (attribute == null) {
                    return;
                }
                List<Der> fields = attribute.children(0x30);
                List<Der> ids = fields.isEmpty() ? List.of() : fields.get(0).children(0x30);
                if (fields.size() != 1 || ids.isEmpty() || ids.size() > MAX_CERTIFICATES) {
                    throw malformed("signingCertificate is malformed, or has policies");
                }
                Set<Certificate> among = Set.of(signer);
                for (Der id : ids) {
                    List<Der> parts = new ArrayList<>(id.children(0x30));
                    boolean named = usual.equals("SHA-256") && !parts.isEmpty() && parts.get(0).tag == 0x30;
                    MessageDigest hash = MessageDigest.getInstance(named ? digest(parts.remove(0)) : usual);
                    if (parts.isEmpty() || parts.size() > 2 || parts.get(0).tag != 4) {
                        throw malformed("signingCertificate is malformed");
                    }
                    String serial = parts.size() == 2 ? issuerSerial(parts.get(1)) : null;
                    byte[] wanted = parts.get(0).contents;
                    if (among.stream().noneMatch(one -> Arrays.equals(wanted, hash.digest(one.der))
                            && (serial == null || serial.equals(one.issuerAndSerial)))) {
                        throw refused("signingCertificate names other certificates");
                    }
                    among = path;
                }
            }

            private static String issuerSerial(Der named) throws Refused {
                List<Der> parts = named.children(0x30);
                if (parts.size() != 2) {
                    throw malformed("signingCertificate is malformed");
                }
                return hex(only(only(parts.get(0), 0x30), 0xa4).raw) + hex(parts.get(1).raw);
            }

            private static boolean isOid(Der element, String oid) {
                return element.tag == 6 && hex(element.contents).equals(oid);
            }

            private static Der only(Der element, int tag) throws Refused {
                List<Der> children = element.children(tag);
                if (children.size() != 1) {
                    throw malformed("there are " + children.size() + " elements where one is wanted");
                }
                return children.get(0);
            }

            private static void isVersion1(Der version) throws Refused {
                if (!Arrays.equals(version.raw, new byte[] {2, 1, 1})) {
                    throw malformed("its version is not 1");
                }
            }

            private static String digest(Der identifier) throws Refused {
                identifier.children(0x30);
                String digest = DIGESTS.get(hex(identifier.contents).replaceFirst("(?<=^.{22})0500$", ""));
                if (digest == null) {
                    throw malformed("its digest is none that is taken");
                }
                return digest;
            }

            /** Each with one value, in the order of a SET OF, none twice: RFC 5652 section 5.3. */
            private static Map<String, Der> attributes(Der field) throws Refused {
                Map<String, Der> read = new TreeMap<>();
                byte[] before = {};
                for (Der attribute : field.children(0xa0)) {
                    List<Der> parts = attribute.children(0x30);
                    if (parts.size() != 2 || parts.get(0).tag != 6
                            || read.put(hex(parts.get(0).contents), only(parts.get(1), 0x31)) != null
                            || Arrays.compareUnsigned(before, attribute.raw) > 0) {
                        throw malformed("its signed attributes are malformed, twice, or unsorted");
                    }
                    before = attribute.raw;
                }
                if (read.containsKey(COUNTERSIGNATURE)) {
                    throw malformed("it has a countersignature that is signed");
                }
                return read;
            }

            private static Der needed(Map<String, Der> attributes, String oid) throws Refused {
                Der found = attributes.get(oid);
                if (found == null) {
                    throw malformed("a signed attribute is missing: " + oid);
                }
                return found;
            }

            /** RFC 5652 section 11.3: UTCTime for the years that it can express. */
            private static Instant time(Der value) throws Refused {
                String text = new String(value.contents, StandardCharsets.ISO_8859_1);
                boolean utc = value.tag == 23;
                if (utc) {
                    text = (text.compareTo("50") < 0 ? "20" : "19") + text;
                }
                try {
                    if (text.matches("[0-9]{14}Z") && (utc || value.tag == 24)) {
                        LocalDateTime time = LocalDateTime.parse(text.substring(0, 14), TIME);
                        if (utc || time.getYear() < 1950 || time.getYear() >= 2050) {
                            return time.toInstant(ZoneOffset.UTC);
                        }
                    }
                } catch (DateTimeParseException noTime) {
                    // Refused below.
                }
                throw malformed("signingTime is malformed");
            }
        }
    }
}
