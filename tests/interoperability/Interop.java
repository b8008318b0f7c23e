// SPDX-License-Identifier: Apache-2.0

import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;

import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public final class Interop {
    private static X509Certificate certificate(String file) throws Exception {
        try (FileInputStream in = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static byte[] verify(String root, String file) throws Exception {
        CMSSignedData data = new CMSSignedData(Files.readAllBytes(Path.of(file)));
        SignerInformation signer = data.getSignerInfos().getSigners().iterator().next();
        X509CertificateHolder holder =
            (X509CertificateHolder) data.getCertificates().getMatches(signer.getSID()).iterator().next();
        X509Certificate certificate = new JcaX509CertificateConverter().getCertificate(holder);
        certificate.verify(certificate(root).getPublicKey());
        if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate))) {
            throw new IllegalStateException("verify() is false");
        }
        return (byte[]) data.getSignedContent().getContent();
    }

    private static byte[] sign(String certificateFile, String keyFile, String content, String digest) throws Exception {
        X509Certificate certificate = certificate(certificateFile);
        PrivateKey key;
        try (PEMParser parser = new PEMParser(Files.newBufferedReader(Path.of(keyFile)))) {
            key = new JcaPEMKeyConverter().getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
        String kind = certificate.getPublicKey().getAlgorithm();
        String algorithm = kind.equals("RSA") || kind.equals("EC")
            ? digest.toUpperCase() + "with" + (kind.equals("EC") ? "ECDSA" : kind) : "Ed25519";
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
            .build(new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key), certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        return generator.generate(new CMSProcessableByteArray(Files.readAllBytes(Path.of(content))), true).getEncoded("DER");
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        try {
            if (arguments[0].equals("version")) {
                System.out.println(BouncyCastleProvider.class.getPackage().getImplementationVersion());
            } else if (arguments[0].equals("verify")) {
                System.out.write(verify(arguments[1], arguments[2]));
            } else {
                System.out.write(sign(arguments[1], arguments[2], arguments[3], arguments[4]));
            }
        } catch (Exception failed) {
            System.err.println(failed);
            System.exit(1);
        }
        System.out.flush();
    }
}
