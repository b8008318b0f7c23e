<?php
// SPDX-License-Identifier: Apache-2.0

/*
 * Verifies the signed Client-Cert field (docs/format.md).
 *
 *     $verifier = new ClientCert\Verifier(anchors: '/etc/ssl/proxy-ca.pem', names: ['proxy.example']);
 *     $client = $verifier->requireClient();
 *
 * Copy this file. It needs PHP 8.1 or newer with the extension openssl; Ed25519 also needs sodium, and is
 * refused without it.
 *
 * openssl_cms_verify() is of no use here: it knows no purpose but S/MIME's, which the certificates of
 * servers do not have, and it takes BER. OpenSSL verifies the path by openssl_x509_checkpurpose(), which
 * takes no CRLs, no intermediate as an anchor and no time but now; what that lacks is refused.
 */

declare(strict_types=1);

namespace ClientCert;

const MAX_VALUE = 65536;
const MAX_CERTIFICATES = 8;
const MAX_DEPTH = 32;

const TAG_INTEGER = 0x02;
const TAG_OCTET_STRING = 0x04;
const TAG_OID = 0x06;
const TAG_UTC_TIME = 0x17;
const TAG_GENERALIZED_TIME = 0x18;
const TAG_SEQUENCE = 0x30;
const TAG_SET = 0x31;

const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';
const COUNTERSIGNATURE = '1.2.840.113549.1.9.6';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const ALGORITHM_PROTECTION = '1.2.840.113549.1.9.52';

const DIGESTS = [
    '2.16.840.1.101.3.4.2.1' => 'sha256',
    '2.16.840.1.101.3.4.2.2' => 'sha384',
    '2.16.840.1.101.3.4.2.3' => 'sha512',
];
const NO_PARAMETERS = '';
const NULL_PARAMETERS = "\5\0";
// The kind of key, the digest that is named with it, and the parameters that it may have.
const SIGNATURES = [
    '1.2.840.113549.1.1.1' => ['rsa', null, [NULL_PARAMETERS]],
    '1.2.840.113549.1.1.11' => ['rsa', 'sha256', [NO_PARAMETERS, NULL_PARAMETERS]],
    '1.2.840.113549.1.1.12' => ['rsa', 'sha384', [NO_PARAMETERS, NULL_PARAMETERS]],
    '1.2.840.113549.1.1.13' => ['rsa', 'sha512', [NO_PARAMETERS, NULL_PARAMETERS]],
    '1.2.840.10045.4.3.2' => ['ec', 'sha256', [NO_PARAMETERS]],
    '1.2.840.10045.4.3.3' => ['ec', 'sha384', [NO_PARAMETERS]],
    '1.2.840.10045.4.3.4' => ['ec', 'sha512', [NO_PARAMETERS]],
    '1.3.101.112' => ['ed25519', 'sha512', [NO_PARAMETERS]],
];
const CURVES = ['1.2.840.10045.3.1.7', '1.3.132.0.34', '1.3.132.0.35'];
// How certificates may be signed, RSASSA-PSS left out: no SHA-1, no MD5.
const STRONG_SIGNATURES = [
    '1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13',
    '1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4', '1.3.101.112',
];
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** The value is not accepted. The reason is for the log, not for the client. */
class Refused extends \Exception
{
    public int $status = 403;
}

/** The value is not what the format has. */
class Malformed extends Refused
{
    public int $status = 400;
}

/** There is no such field: no identity. */
class Absent extends Refused
{
    public int $status = 401;
}

/** Who the client is, verified. */
final class Client
{
    public readonly string $sha256;

    /** @param string $der the client's certificate; $signer, the signer's */
    public function __construct(
        public readonly string $der,
        public readonly string $signer,
        public readonly int $signingTime,
    ) {
        $this->sha256 = hash('sha256', $der);
    }

    public function pem(): string
    {
        return pem($this->der);
    }

    /** As openssl_x509_parse() has it. */
    public function parsed(): array
    {
        return openssl_x509_parse($this->pem()) ?: [];
    }
}

/** Strict DER: definite lengths in the fewest octets, tags of one octet. */
final class Reader
{
    private int $at = 0;

    public function __construct(private string $octets)
    {
    }

    public function more(): bool
    {
        return $this->at < strlen($this->octets);
    }

    /** What is left, as it is. */
    public function rest(): string
    {
        return substr($this->octets, $this->at);
    }

    /** @return array{int, string, string} tag, contents and the whole of the next element */
    public function any(): array
    {
        [$octets, $start, $size] = [$this->octets, $this->at, strlen($this->octets)];
        if ($size - $start < 2 || (ord($octets[$start]) & 0x1F) === 0x1F) {
            throw new Malformed('value-der');
        }
        [$tag, $length, $at] = [ord($octets[$start]), ord($octets[$start + 1]), $start + 2];
        if ($length >= 0x80) {
            $count = $length & 0x7F;
            if ($count < 1 || $count > 4 || $size - $at < $count || $octets[$at] === "\0") {
                throw new Malformed('value-ber');
            }
            $length = hexdec(bin2hex(substr($octets, $at, $count)));
            $at += $count;
            if ($length < 0x80) {
                throw new Malformed('value-ber');
            }
        }
        if ($length > $size - $at) {
            throw new Malformed('value-der');
        }
        $this->at = $at + $length;
        return [$tag, substr($octets, $at, $length), substr($octets, $start, $this->at - $start)];
    }

    public function take(int $tag): string
    {
        [$found, $contents] = $this->any();
        return $found === $tag ? $contents : throw new Malformed('value-der');
    }

    public function raw(int $tag): string
    {
        [$found, , $raw] = $this->any();
        return $found === $tag ? $raw : throw new Malformed('value-der');
    }

    public function oid(): string
    {
        return oid($this->take(TAG_OID));
    }

    public function optional(int $tag): ?string
    {
        return $this->more() && ord($this->octets[$this->at]) === $tag ? $this->take($tag) : null;
    }

    public function end(): void
    {
        if ($this->more()) {
            throw new Malformed('value-der');
        }
    }
}

function only(string $octets, int $tag, string $reason = 'value-der'): string
{
    try {
        $reader = new Reader($octets);
        $contents = $reader->take($tag);
        $reader->end();
        return $contents;
    } catch (Malformed) {
        throw new Malformed($reason);
    }
}

function oid(string $contents): string
{
    // Numbers without padding, of at most eight octets.
    if (!preg_match('/\A(?:(?!\x80)[\x80-\xff]{0,7}[\x00-\x7f])+\z/s', $contents)) {
        throw new Malformed('value-der');
    }
    $numbers = [];
    $number = 0;
    foreach (unpack('C*', $contents) as $octet) {
        $number = $number << 7 | $octet & 0x7F;
        if ($octet < 0x80) {
            $numbers[] = $number;
            $number = 0;
        }
    }
    $first = min(2, intdiv($numbers[0], 40));
    array_splice($numbers, 0, 1, [$first, $numbers[0] - 40 * $first]);
    return implode('.', $numbers);
}

/** All elements of these octets, down to the leaves. */
function checkDer(string $octets, int $depth = MAX_DEPTH): void
{
    $reader = new Reader($octets);
    while ($reader->more()) {
        [$tag, $contents] = $reader->any();
        [$constructed, $universal] = [($tag & 0x20) !== 0, ($tag & 0xC0) === 0];
        if ($universal && $constructed !== in_array($tag & 0x1F, [8, 11, 16, 17, 29], true)) {
            throw new Malformed('value-ber');
        }
        if ($constructed) {
            checkDer($contents, $depth > 0 ? $depth - 1 : throw new Malformed('value-der'));
        } elseif ($universal && !isPrimitive($tag, $contents)) {
            throw new Malformed('value-der');
        }
    }
}

function isPrimitive(int $tag, string $contents): bool
{
    $size = strlen($contents);
    $unused = ord($contents[0] ?? "\0");
    return match ($tag) {
        0 => false,
        1 => $contents === "\0" || $contents === "\xff",
        2, 10 => $size > 0 && !preg_match('/\A(?:\x00[\x00-\x7f]|\xff[\x80-\xff])/s', $contents),
        3 => $size > 0 && $unused < 8
            && ($size > 1 ? (ord($contents[$size - 1]) & ((1 << $unused) - 1)) === 0 : $unused === 0),
        5 => $size === 0,
        6 => preg_match('/\A(?:(?!\x80)[\x80-\xff]*[\x00-\x7f])+\z/s', $contents) === 1,
        TAG_UTC_TIME => preg_match('/\A[0-9]{12}Z\z/', $contents) === 1,
        TAG_GENERALIZED_TIME => preg_match('/\A[0-9]{14}(?:\.[0-9]*[1-9])?Z\z/', $contents) === 1,
        28 => $size % 4 === 0,
        30 => $size % 2 === 0,
        default => true,
    };
}

/** In Unix seconds. RFC 5652, 11.3 (and RFC 5280, 4.1.2.5): UTCTime until 2049. */
function readTime(int $tag, string $text): int
{
    $pattern = [TAG_UTC_TIME => '/\A(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z\z/',
        TAG_GENERALIZED_TIME => '/\A(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z\z/'][$tag] ?? null;
    if ($pattern === null || !preg_match($pattern, $text, $found)) {
        throw new Malformed('value-attribute-malformed');
    }
    [$year, $month, $day, $hour, $minute, $second] = array_map('intval', array_slice($found, 1));
    if ($tag === TAG_UTC_TIME) {
        $year += $year < 50 ? 2000 : 1900;
    }
    $isForUtc = 1950 <= $year && $year < 2050;
    if (!checkdate($month, $day, $year) || $hour > 23 || $minute > 59 || $second > 59 || $isForUtc !== ($tag === TAG_UTC_TIME)) {
        throw new Malformed('value-attribute-malformed');
    }
    return gmmktime($hour, $minute, $second, $month, $day, $year);
}

function pem(string $der): string
{
    return "-----BEGIN CERTIFICATE-----\n" . chunk_split(base64_encode($der), 64, "\n") . "-----END CERTIFICATE-----\n";
}

/** @return list<string> the certificates in DER of a text in PEM */
function pemCertificates(string $text): array
{
    preg_match_all('/-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----/s', $text, $found);
    return array_map(fn ($body) => base64_decode(preg_replace('/\s/', '', $body), true)
        ?: throw new \InvalidArgumentException('a damaged PEM block'), $found[1]);
}

/** What a certificate says, read here: openssl_x509_parse() joins names by commas, which they can have in them. */
final class Certificate
{
    public string $issuer;
    public string $serial;
    public int $notBefore;
    public int $notAfter;
    public string $signatureAlgorithm;
    public string $keyKind;
    public string $keyInfo;
    private string $key;
    /** @var array<string, array{bool, string}> by OID, whether critical and what it holds */
    private array $extensions = [];

    public function __construct(public readonly string $der)
    {
        try {
            $this->read();
        } catch (Malformed) {
            throw new Malformed('value-certificates');
        }
    }

    private function read(): void
    {
        $outer = new Reader(only($this->der, TAG_SEQUENCE));
        $reader = new Reader($outer->take(TAG_SEQUENCE));
        $this->signatureAlgorithm = (new Reader($outer->take(TAG_SEQUENCE)))->oid();
        $reader->optional(0xA0);
        $this->serial = $reader->raw(TAG_INTEGER);
        $reader->take(TAG_SEQUENCE);
        $this->issuer = $reader->raw(TAG_SEQUENCE);
        $validity = new Reader($reader->take(TAG_SEQUENCE));
        [$tag, $notBefore] = $validity->any();
        $this->notBefore = readTime($tag, $notBefore);
        [$tag, $notAfter] = $validity->any();
        $this->notAfter = readTime($tag, $notAfter);
        $reader->take(TAG_SEQUENCE);
        $this->keyInfo = $reader->raw(TAG_SEQUENCE);
        $info = new Reader(only($this->keyInfo, TAG_SEQUENCE));
        $algorithm = new Reader($info->take(TAG_SEQUENCE));
        $kind = $algorithm->oid();
        $curve = $algorithm->optional(TAG_OID);
        if ($curve === null && $algorithm->more()) {
            $algorithm->any();
        }
        $this->key = substr($info->take(0x03), 1);
        $this->keyKind = match (true) {
            $kind === '1.2.840.113549.1.1.1' && $curve === null => 'rsa',
            $kind === '1.2.840.10045.2.1' && $curve !== null && in_array(oid($curve), CURVES, true) => 'ec',
            $kind === '1.3.101.112' && $curve === null => 'ed25519',
            default => 'other',
        };
        $reader->optional(0x81);
        $reader->optional(0x82);
        $extensions = $reader->optional(0xA3);
        $reader->end();
        $list = new Reader($extensions === null ? '' : only($extensions, TAG_SEQUENCE));
        while ($list->more()) {
            $extension = new Reader($list->take(TAG_SEQUENCE));
            $id = $extension->oid();
            $critical = $extension->optional(0x01) === "\xff";
            if (isset($this->extensions[$id])) {
                throw new Malformed();
            }
            $this->extensions[$id] = [$critical, $extension->take(TAG_OCTET_STRING)];
            $extension->end();
        }
    }

    public function isNamed(array $identifier): bool
    {
        return [$this->issuer, $this->serial] === $identifier;
    }

    /** RSA of 2,048 to 8,192 bits with a short, odd exponent; P-256, P-384, P-521; Ed25519. */
    public function checkKey(string $small = 'chain-weak'): void
    {
        if ($this->keyKind === 'other') {
            throw new Refused('signer-key-unsupported');
        }
        if ($this->keyKind === 'rsa') {
            $reader = new Reader(only($this->key, TAG_SEQUENCE));
            $numbers = [$reader->take(TAG_INTEGER), $reader->take(TAG_INTEGER)];
            foreach ($numbers as $number) {
                // OpenSSL takes a negative number for one that is not.
                if ($number === '' || ord($number[0]) >= 0x80) {
                    throw new Refused('signer-key-unsupported');
                }
            }
            [$modulus, $exponent] = array_map(fn ($number) => ltrim($number, "\0"), $numbers);
            $bits = $modulus === '' ? 0 : 8 * (strlen($modulus) - 1) + strlen(decbin(ord($modulus[0])));
            if ($bits < 2048) {
                throw new Refused($small);
            }
            if ($bits > 8192 || strlen($exponent) > 4 || $exponent === "\1" || !(ord(substr($exponent, -1)) & 1)) {
                throw new Refused('signer-key-unsupported');
            }
        }
    }

    /** The key's octets, of an Ed25519 key. */
    public function rawKey(): string
    {
        return $this->key;
    }

    public function isCa(): bool
    {
        $value = $this->extensions[BASIC_CONSTRAINTS][1] ?? null;
        return $value !== null && (new Reader(only($value, TAG_SEQUENCE)))->optional(0x01) === "\xff";
    }

    /** keyUsage absent or with digitalSignature; purposes absent or serverAuth or clientAuth; one of the names. */
    public function checkUse(array $names): void
    {
        foreach ($this->extensions as $id => [$critical]) {
            if ($critical && !in_array($id, [BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME], true)) {
                throw new Refused('signer-untrusted');
            }
        }
        $usage = $this->extensions[KEY_USAGE][1] ?? null;
        if ($usage !== null && !(ord(only($usage, 0x03, 'value-certificates')[1] ?? "\0") & 0x80)) {
            throw new Refused('signer-usage');
        }
        $purposes = $this->extensions[EXTENDED_KEY_USAGE][1] ?? null;
        if ($purposes !== null) {
            [$reader, $found] = [new Reader(only($purposes, TAG_SEQUENCE)), []];
            while ($reader->more()) {
                $found[] = $reader->oid();
            }
            if (!array_intersect($found, [SERVER_AUTH, CLIENT_AUTH])) {
                throw new Refused('signer-usage');
            }
        }
        if (!$names) {
            return;
        }
        [$dns, $uris] = [[], []];
        $reader = new Reader(only($this->extensions[SUBJECT_ALTERNATIVE_NAME][1] ?? "\x30\0", TAG_SEQUENCE));
        while ($reader->more()) {
            [$tag, $name] = $reader->any();
            if ($tag === 0x82) {
                $dns[] = strtolower($name);
            } elseif ($tag === 0x86) {
                $uris[] = $name;
            }
        }
        foreach ($names as $name) {
            if (str_contains($name, ':') ? $uris === [$name] : in_array(strtolower($name), $dns, true)) {
                return;
            }
        }
        throw new Refused('signer-name');
    }
}

/** What a value says, of which nothing is verified. */
final class SignedData
{
    public string $content;
    public int $signingTime;
    public string $contentType;
    public string $messageDigest;
    public string $digest;
    /** @var array{string, string} issuer and serial number */
    public array $identifier;
    /** @var list<Certificate> */
    public array $certificates = [];
    private string $digestIdentifier;
    private string $signatureIdentifier;
    private string $signature;
    private string $signed;
    private ?array $protected = null;
    private array $signingCertificates = [];

    public function __construct(string $der)
    {
        $reader = new Reader($der);
        $contentInfo = new Reader($reader->take(TAG_SEQUENCE));
        if ($reader->more()) {
            throw new Malformed('value-trailing');
        }
        if ($contentInfo->oid() !== SIGNED_DATA) {
            throw new Malformed('value-not-signed-data');
        }
        $explicit = $contentInfo->take(0xA0);
        $contentInfo->end();
        $reader = new Reader(only($explicit, TAG_SEQUENCE));
        if ($reader->take(TAG_INTEGER) !== "\1") {
            throw new Malformed('value-version');
        }
        $digest = $this->readDigest(only($reader->take(TAG_SET), TAG_SEQUENCE, 'value-digest-algorithm'));
        $encapsulated = $reader->take(TAG_SEQUENCE);
        $certificates = $reader->optional(0xA0);
        if ($reader->optional(0xA1) !== null) {
            throw new Malformed('value-crls');
        }
        $signers = $reader->take(TAG_SET);
        $reader->end();
        checkDer($encapsulated);
        checkDer($signers);

        $reader = new Reader($encapsulated);
        if ($reader->oid() !== DATA) {
            throw new Malformed('value-content-type');
        }
        $content = $reader->optional(0xA0) ?? throw new Malformed('value-detached');
        $reader->end();
        $this->content = only($content, TAG_OCTET_STRING);

        $signer = new Reader(only($signers, TAG_SEQUENCE, 'value-signers'));
        if ($signer->take(TAG_INTEGER) !== "\1") {
            throw new Malformed('value-version');
        }
        [$tag, $identifier] = $signer->any();
        if ($tag !== TAG_SEQUENCE) {
            throw new Malformed('value-signer-identifier');
        }
        $this->digestIdentifier = $signer->take(TAG_SEQUENCE);
        $attributes = $signer->optional(0xA0) ?: throw new Malformed('value-no-signed-attributes');
        $this->signatureIdentifier = $signer->take(TAG_SEQUENCE);
        $this->signature = $signer->take(TAG_OCTET_STRING);
        if ($signer->optional(0xA1) !== null) {
            throw new Malformed('value-unsigned-attributes');
        }
        $signer->end();
        $reader = new Reader($identifier);
        $this->identifier = [$reader->raw(TAG_SEQUENCE), $reader->raw(TAG_INTEGER)];
        $reader->end();
        $this->digest = $this->readDigest($this->digestIdentifier);
        if ($this->digest !== $digest) {
            throw new Malformed('value-digest-algorithm');
        }
        $reader = new Reader($this->signatureIdentifier);
        $allowed = SIGNATURES[$reader->oid()][2] ?? [];
        if (!in_array($reader->rest(), $allowed, true)) {
            throw new Malformed('value-signature-algorithm');
        }
        $this->readAttributes($attributes);
        $this->readCertificates($certificates);
    }

    private function readDigest(string $identifier): string
    {
        $reader = new Reader($identifier);
        $digest = DIGESTS[$reader->oid()] ?? null;
        if ($digest === null || !in_array($reader->rest(), [NO_PARAMETERS, NULL_PARAMETERS], true)) {
            throw new Malformed('value-digest-algorithm');
        }
        return $digest;
    }

    private function readAttributes(string $contents): void
    {
        // RFC 5652, 5.4: signed with the tag of a SET OF, in DER.
        $length = strlen($contents);
        $digits = ltrim(pack('N', $length), "\0");
        $this->signed = "\x31" . ($length < 0x80 ? chr($length) : chr(0x80 | strlen($digits)) . $digits) . $contents;
        [$reader, $values, $last] = [new Reader($contents), [], ''];
        while ($reader->more()) {
            [$tag, $attribute, $raw] = $reader->any();
            // strcmp() compares octets, and < would compare what looks like numbers as such.
            if (strcmp($raw, $last) < 0) {
                throw new Malformed('value-attributes-unsorted');
            }
            [$last, $attribute] = [$raw, new Reader($attribute)];
            try {
                $kind = $tag === TAG_SEQUENCE ? $attribute->oid() : throw new Malformed();
                $set = new Reader($attribute->take(TAG_SET));
                $attribute->end();
                $found = $set->any();
                $set->end();
            } catch (Malformed) {
                throw new Malformed('value-attribute-malformed');
            }
            if (isset($values[$kind])) {
                throw new Malformed('value-attribute-twice');
            }
            if ($kind === COUNTERSIGNATURE || in_array($found[0], [0x28, 0x2B, 0x3D], true)) {
                throw new Malformed('value-attribute-malformed');
            }
            $values[$kind] = $found;
        }
        foreach ([CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME] as $kind) {
            if (!isset($values[$kind])) {
                throw new Malformed('value-attribute-missing');
            }
        }
        $of = fn (string $kind, int $tag) =>
            $values[$kind][0] === $tag ? $values[$kind][1] : throw new Malformed('value-attribute-malformed');
        try {
            $this->contentType = oid($of(CONTENT_TYPE, TAG_OID));
            $this->messageDigest = $of(MESSAGE_DIGEST, TAG_OCTET_STRING);
            $this->signingTime = readTime($values[SIGNING_TIME][0], $values[SIGNING_TIME][1]);
            foreach ([SIGNING_CERTIFICATE_V2 => 'sha256', SIGNING_CERTIFICATE => 'sha1'] as $kind => $digest) {
                if (isset($values[$kind])) {
                    $this->signingCertificates[] = $this->readSigningCertificates($of($kind, TAG_SEQUENCE), $digest);
                }
            }
            if (isset($values[ALGORITHM_PROTECTION])) {
                $reader = new Reader($of(ALGORITHM_PROTECTION, TAG_SEQUENCE));
                $this->protected = [$reader->take(TAG_SEQUENCE), $reader->take(0xA1)];
                $reader->end();
            }
        } catch (Malformed) {
            throw new Malformed('value-attribute-malformed');
        }
    }

    private function readSigningCertificates(string $contents, string $digest): array
    {
        $reader = new Reader($contents);
        [$list, $found] = [new Reader($reader->take(TAG_SEQUENCE)), []];
        $reader->optional(TAG_SEQUENCE);
        $reader->end();
        while ($list->more()) {
            $identifier = new Reader($list->take(TAG_SEQUENCE));
            $algorithm = $digest === 'sha1' ? null : $identifier->optional(TAG_SEQUENCE);
            $named = $algorithm === null ? $digest : $this->readDigest($algorithm);
            [$value, $issuerSerial] = [$identifier->take(TAG_OCTET_STRING), $identifier->optional(TAG_SEQUENCE)];
            $identifier->end();
            if ($issuerSerial !== null) {
                $reader = new Reader($issuerSerial);
                [$names, $serial] = [$reader->take(TAG_SEQUENCE), $reader->raw(TAG_INTEGER)];
                $reader->end();
                $name = new Reader(only($names, 0xA4));
                $issuerSerial = [$name->raw(TAG_SEQUENCE), $serial];
                $name->end();
            }
            $found[] = [$named, $value, $issuerSerial];
        }
        return $found && count($found) <= MAX_CERTIFICATES ? $found : throw new Malformed();
    }

    private function readCertificates(?string $contents): void
    {
        if ($contents === null) {
            return;
        }
        [$reader, $found] = [new Reader($contents), []];
        for ($count = 0; $reader->more(); $count++) {
            [$tag, , $raw] = $reader->any();
            if ($tag !== TAG_SEQUENCE) {
                throw new Malformed('value-certificates');
            }
            $found[] = $raw;
        }
        if ($count < 1 || $count > MAX_CERTIFICATES) {
            throw new Malformed('value-certificate-count');
        }
        foreach (array_unique($found, SORT_STRING) as $der) {
            $certificate = new Certificate($der);
            $certificate->checkKey($certificate->isNamed($this->identifier) ? 'signer-key-too-small' : 'chain-weak');
            $this->certificates[] = $certificate;
        }
    }

    public function checkAttributes(): void
    {
        if ($this->protected !== null && $this->protected !== [$this->digestIdentifier, $this->signatureIdentifier]) {
            throw new Refused('algorithm-protection-mismatch');
        }
        if ($this->contentType !== DATA) {
            throw new Refused('content-type-mismatch');
        }
        if (!hash_equals(hash($this->digest, $this->content, true), $this->messageDigest)) {
            throw new Refused('digest-mismatch');
        }
    }

    public function checkSignature(Certificate $signer): void
    {
        [$kind, $digest] = SIGNATURES[(new Reader($this->signatureIdentifier))->oid()];
        if ($kind !== $signer->keyKind || ($digest ?? $this->digest) !== $this->digest) {
            throw new Refused('algorithm-mismatch');
        }
        if ($kind === 'ed25519') {
            if (!function_exists('sodium_crypto_sign_verify_detached')) {
                throw new Refused('signer-key-unsupported: Ed25519 without the extension sodium');
            }
            $good = strlen($this->signature) === 64
                && sodium_crypto_sign_verify_detached($this->signature, $this->signed, $signer->rawKey());
        } else {
            $pem = "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode($signer->keyInfo), 64, "\n")
                . "-----END PUBLIC KEY-----\n";
            // -1 is an error, and true to an if.
            $good = @openssl_verify($this->signed, $this->signature, $pem, $this->digest) === 1;
        }
        if (!$good) {
            throw new Refused('bad-signature');
        }
    }

    /** RFC 5035, 3: the first is the signer's, others are above it on the path. */
    public function checkSigningCertificates(Certificate $signer, array $issuers): void
    {
        $isOf = fn (array $id, Certificate $of) => hash_equals(hash($id[0], $of->der, true), $id[1])
            && ($id[2] === null || $of->isNamed($id[2]));
        foreach ($this->signingCertificates as $identifiers) {
            $first = array_shift($identifiers);
            $good = $isOf($first, $signer);
            foreach ($identifiers as $other) {
                $onPath = array_filter($issuers, fn (Certificate $issuer) => $isOf($other, $issuer));
                $good = $good && !$isOf($other, $signer) && $onPath;
            }
            if (!$good) {
                throw new Refused('signing-certificate-mismatch');
            }
        }
    }
}

final class Verifier
{
    /** @var list<Certificate> */
    private array $anchorCertificates;
    /** @var list<Certificate> */
    private array $pinned;

    /**
     * What is trusted.
     *
     * @param ?string $anchors a file of PEM: self-signed CAs to which the signer must lead
     * @param ?string $pins a file of PEM: signers' own certificates
     * @param list<string> $names the signer has one in its subjectAltName, as a dNSName or, with a colon, as
     *     its only URI. They are needed with anchors, since a CA issues to its users too.
     * @param bool $requirePeer the signer must be the TLS client of this connection. Only where the server does
     *     not tell who that is should it be false: then who has seen a value can send it for $maxAge seconds.
     */
    public function __construct(
        ?string $anchors = null,
        ?string $pins = null,
        private array $names = [],
        private int $maxAge = 300,
        private int $skew = 30,
        private bool $requirePeer = true,
        private string $format = 'cms',
    ) {
        $read = fn (?string $file) => $file === null ? [] : array_map(
            fn (string $der) => new Certificate($der),
            pemCertificates(file_get_contents($file) ?: throw new \InvalidArgumentException("$file cannot be read")),
        );
        [$this->anchorCertificates, $this->pinned] = [$read($anchors), $read($pins)];
        foreach ($this->anchorCertificates as $anchor) {
            openssl_x509_read(pem($anchor->der)) ?: throw new \InvalidArgumentException("$anchors: OpenSSL cannot read it");
        }
        if (!$this->anchorCertificates && !$this->pinned) {
            throw new \InvalidArgumentException('nothing-trusted: anchors or pins are needed');
        }
        if ($this->anchorCertificates && !$names) {
            throw new \InvalidArgumentException('signer-name: names are needed with anchors');
        }
        if (!in_array($format, ['cms', 'cms-sf'], true) || $maxAge < 1 || $skew < 0) {
            throw new \InvalidArgumentException('the format is cms or cms-sf, maxAge 1 or more, skew 0 or more');
        }
    }

    /** The client of this request, or an answer of 400, 401 or 403 and the end of the script. */
    public function requireClient(string $header = 'Client-Cert'): Client
    {
        try {
            return $this->verifyRequest($_SERVER, $header);
        } catch (Refused $refused) {
            error_log('client certificate refused: ' . $refused->getMessage());
            http_response_code($refused->status);
            exit;
        }
    }

    /**
     * @param array<string, mixed> $server as $_SERVER. httpd puts the TLS client there: SSLOptions +StdEnvVars
     *     +ExportCertData, SSLVerifyClient require.
     * @throws Refused
     */
    public function verifyRequest(array $server, string $header = 'Client-Cert'): Client
    {
        // The variable of two lines has both, joined by a comma, which is no base64.
        $value = $server['HTTP_' . strtoupper(strtr($header, '-', '_'))] ?? null;
        $peer = null;
        if (($server['SSL_CLIENT_VERIFY'] ?? null) === 'SUCCESS') {
            $certificates = pemCertificates((string) ($server['SSL_CLIENT_CERT'] ?? ''));
            $peer = count($certificates) === 1 ? $certificates[0] : null;
        }
        return $this->verify($value === null ? [] : [$value], $peer);
    }

    /**
     * @param list<string> $values of the field, one for each line of it
     * @param ?string $peer the certificate in DER that the TLS client presented and that TLS verified
     * @throws Refused
     */
    public function verify(array $values, ?string $peer = null): Client
    {
        $now = time();
        if (count($values) !== 1) {
            throw $values ? new Malformed('value-several') : new Absent('header-absent');
        }
        $data = new SignedData($this->decode($values[0]));
        if ($now - $data->signingTime > $this->maxAge) {
            throw new Refused('stale');
        }
        if ($data->signingTime - $now > $this->skew) {
            throw new Refused('from-the-future');
        }
        $data->checkAttributes();
        $signer = $this->findSigner($data, $peer);
        $signer->checkKey('signer-key-too-small');
        $signer->checkUse($this->names);
        if ($this->requirePeer) {
            // TLS has proved this key: a forged value costs one verification.
            $data->checkSignature($signer);
        }
        $issuers = $this->checkPath($signer, $data, $now);
        if (!$this->requirePeer) {
            $data->checkSignature($signer);
        }
        $data->checkSigningCertificates($signer, $issuers);
        $this->checkContent($data->content, $now);
        return new Client($data->content, $signer->der, $data->signingTime);
    }

    private function decode(string $value): string
    {
        if (trim($value, " \t\r\n") === '') {
            throw new Malformed('value-empty');
        }
        if (strlen($value) > MAX_VALUE) {
            throw new Malformed('value-too-long');
        }
        if ($this->format === 'cms-sf') {
            if (strlen($value) < 2 || $value[0] !== ':' || $value[-1] !== ':') {
                throw new Malformed('value-byte-sequence');
            }
            $value = substr($value, 1, -1);
        }
        // base64_decode() takes white space, and no padding, even when it is told to be strict.
        $decoded = base64_decode($value, true);
        if ($decoded === false || $decoded === '' || base64_encode($decoded) !== $value) {
            throw new Malformed('value-base64');
        }
        return $decoded;
    }

    private function findSigner(SignedData $data, ?string $peer): Certificate
    {
        $named = fn (Certificate $certificate) => $certificate->isNamed($data->identifier);
        $found = array_values(array_filter($data->certificates, $named));
        if (count($found) > 1) {
            throw new Refused('signer-unknown');
        }
        if ($this->requirePeer) {
            $signer = new Certificate($peer ?? throw new Refused('peer-absent'));
            if (!$named($signer) || ($found && $found[0]->der !== $peer)) {
                throw new Refused('signer-not-peer');
            }
            return $signer;
        }
        if ($found) {
            return $found[0];
        }
        $pins = array_column(array_filter($this->pinned, $named), null, 'der');
        return count($pins) === 1 ? current($pins) : throw new Refused('signer-unknown');
    }

    /** @return list<Certificate> those that may be issuers of it: in the value, and anchors */
    private function checkPath(Certificate $signer, SignedData $data, int $now): array
    {
        if (in_array($signer->der, array_column($this->pinned, 'der'), true)) {
            if ($now < $signer->notBefore || $now >= $signer->notAfter) {
                throw new Refused($now < $signer->notBefore ? 'signer-not-yet-valid' : 'signer-expired');
            }
            return [];
        }
        if (!$this->anchorCertificates) {
            throw new Refused('signer-untrusted');
        }
        if ($signer->isCa()) {
            throw new Refused('signer-is-ca');
        }
        // OpenSSL's security level 2, which PHP cannot ask for, of all that may be on the path.
        $others = array_filter($data->certificates, fn ($other) => $other->der !== $signer->der && $other->isCa());
        foreach ([$signer, ...$others] as $certificate) {
            if (!in_array($certificate->signatureAlgorithm, STRONG_SIGNATURES, true)) {
                throw new Refused('chain-weak');
            }
        }
        foreach ($this->anchorCertificates as $anchor) {
            $anchor->checkKey();
        }
        $this->checkPathByOpenssl($signer, $others);
        return [...$others, ...$this->anchorCertificates];
    }

    private function checkPathByOpenssl(Certificate $signer, array $others): void
    {
        // Without a directory it would trust the system's, and without a file the system's file.
        $directory = sys_get_temp_dir() . '/client-cert-' . bin2hex(random_bytes(16));
        if (!mkdir($directory, 0700)) {
            throw new \RuntimeException('no temporary directory');
        }
        try {
            // The anchors as they were read: where a file cannot be read it would trust the system's instead.
            [$anchors, $issuers] = ["$directory/anchors.pem", "$directory/issuers.pem"];
            foreach ([$anchors => $this->anchorCertificates, $issuers => $others] as $file => $certificates) {
                $pems = implode('', array_map(fn (Certificate $one) => pem($one->der), $certificates));
                if ($certificates && file_put_contents($file, $pems) !== strlen($pems)) {
                    throw new \RuntimeException('no temporary file');
                }
            }
            $trusted = [$anchors, $directory];
            // -1 is an error, as of an issuer that OpenSSL does not read.
            $good = @openssl_x509_checkpurpose(pem($signer->der), X509_PURPOSE_ANY, $trusted, $others ? $issuers : null);
        } finally {
            array_map('unlink', array_filter(["$directory/anchors.pem", "$directory/issuers.pem"], 'file_exists'));
            rmdir($directory);
        }
        if ($good !== true) {
            throw new Refused('signer-untrusted');
        }
    }

    /** Exactly one certificate, as OpenSSL writes it. Its key and names are its own business. */
    private function checkContent(string $der, int $now): void
    {
        $x509 = $der === '' ? false : @openssl_x509_read(pem($der));
        if ($x509 === false || !openssl_x509_export($x509, $written) || pemCertificates($written) !== [$der]) {
            throw new Malformed('value-content');
        }
        try {
            $certificate = new Certificate($der);
        } catch (Malformed) {
            throw new Malformed('value-content');
        }
        if ($now < $certificate->notBefore || $now >= $certificate->notAfter) {
            throw new Refused($now < $certificate->notBefore ? 'certificate-not-yet-valid' : 'certificate-expired');
        }
    }
}
