// SPDX-License-Identifier: Apache-2.0

//! Values that are good but for their encoding: tags, lengths, BER where only DER may be, depth.

use super::{section::*, *};
use crate::{
    asn1::der::{Reader, element, tag},
    cms::oid,
};

const ENUMERATED: u8 = 10;
const UTF8_STRING: u8 = 12;
const RELATIVE_OID: u8 = 13;

/// An OID that no verifier knows.
const UNKNOWN: &[u8] = &[0x2a, 3, 4, 5];

pub(super) fn add(world: &World, maker: &mut Maker) {
    tags(world, maker);
    attribute_tags(world, maker);
    lengths(world, maker);
    surplus(world, maker);
    unknown_attributes(world, maker);
}

/// The elements that follow one another here, each with its tag and its contents.
fn elements(der: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut reader = Reader::new(der);
    let mut elements = Vec::new();
    while reader.end().is_err() {
        let element = reader.any().unwrap();
        elements.push((element.tag, element.contents.to_vec()));
    }
    elements
}

/// The one element of `der` with another in place of the one that lies at this path of indices; the
/// lengths around it are right.
pub(super) fn changed(
    der: &[u8],
    path: &[usize],
    change: &dyn Fn(u8, &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let [(found, contents)] = &elements(der)[..] else { panic!("one element") };
    let Some((index, rest)) = path.split_first() else { return change(*found, contents) };
    let inner = elements(contents).into_iter().enumerate().map(|(place, (tag, contents))| {
        let raw = element(tag, &[&contents]);
        if place == *index { changed(&raw, rest, change) } else { raw }
    });
    element(*found, &[&inner.collect::<Vec<_>>().concat()])
}

/// The element that lies at this path of indices.
pub(super) fn element_at(der: &[u8], path: &[usize]) -> Vec<u8> {
    let [(tag, contents)] = &elements(der)[..] else { panic!("one element") };
    let Some((index, rest)) = path.split_first() else { return element(*tag, &[contents]) };
    let (tag, contents) = &elements(contents)[*index];
    element_at(&element(*tag, &[contents]), rest)
}

// Paths of indices, by the order of the fields in a good value.
const SIGNED_DATA: &[usize] = &[1, 0];
const SIGNER_INFO: &[usize] = &[1, 0, 4, 0];

fn below(path: &[usize], indices: &[usize]) -> Vec<usize> {
    [path, indices].concat()
}

fn tags(world: &World, maker: &mut Maker) {
    let built = world.forge().build();
    let data = |indices: &[usize]| below(SIGNED_DATA, indices);
    let signer = |indices: &[usize]| below(SIGNER_INFO, indices);
    for (field, path, other, what, reason) in [
        ("content-info", vec![], tag::SET, "a SET", "value-der"),
        ("content-info-type", vec![0], RELATIVE_OID, "a RELATIVE-OID", "value-der"),
        ("explicit", vec![1], tag::CONTEXT_1, "[1]", "value-der"),
        ("signed-data", data(&[]), tag::SET, "a SET", "value-der"),
        ("version", data(&[0]), ENUMERATED, "an ENUMERATED", "value-der"),
        ("digest-algorithms", data(&[1]), tag::SEQUENCE, "a SEQUENCE", "value-der"),
        ("digest-algorithms-one", data(&[1, 0]), tag::SET, "a SET", "value-digest-algorithm"),
        ("content", data(&[2]), tag::SET, "a SET", "value-der"),
        ("content-type", data(&[2, 0]), RELATIVE_OID, "a RELATIVE-OID", "value-der"),
        ("content-explicit", data(&[2, 1]), tag::CONTEXT_1, "[1]", "value-der"),
        ("content-octets", data(&[2, 1, 0]), UTF8_STRING, "a UTF8String", "value-der"),
        ("certificates", data(&[3]), 0xa2, "[2]", "value-der"),
        ("certificates-set", data(&[3]), tag::SET, "a SET, without [0]", "value-der"),
        ("certificates-as-crls", data(&[3]), tag::CONTEXT_1, "[1]: crls", "value-crls"),
        ("certificate", data(&[3, 0]), tag::SET, "a SET", "value-certificates"),
        (
            "certificate-of-attributes",
            data(&[3, 1]),
            0xa2,
            "[2]: an attribute certificate",
            "value-certificates",
        ),
        ("signers", data(&[4]), tag::SEQUENCE, "a SEQUENCE", "value-der"),
        ("signer", signer(&[]), tag::SET, "a SET", "value-signers"),
        ("signer-version", signer(&[0]), ENUMERATED, "an ENUMERATED", "value-der"),
        ("identifier", signer(&[1]), tag::SET, "a SET", "value-signer-identifier"),
        ("identifier-issuer", signer(&[1, 0]), tag::SET, "a SET", "value-der"),
        ("identifier-serial", signer(&[1, 1]), ENUMERATED, "an ENUMERATED", "value-der"),
        ("digest", signer(&[2]), tag::SET, "a SET", "value-der"),
        ("digest-type", signer(&[2, 0]), RELATIVE_OID, "a RELATIVE-OID", "value-digest-algorithm"),
        (
            "signed-attributes",
            signer(&[3]),
            tag::SET,
            "a SET, without [0]",
            "value-no-signed-attributes",
        ),
        (
            "signed-attributes-unsigned",
            signer(&[3]),
            tag::CONTEXT_1,
            "[1]",
            "value-no-signed-attributes",
        ),
        ("signature-algorithm", signer(&[4]), tag::SET, "a SET", "value-der"),
        (
            "signature-algorithm-type",
            signer(&[4, 0]),
            RELATIVE_OID,
            "a RELATIVE-OID",
            "value-signature-algorithm",
        ),
        ("signature", signer(&[5]), tag::BIT_STRING, "a BIT STRING", "value-der"),
    ] {
        let der = changed(&built, &path, &|_, contents| element(other, &[contents]));
        let (name, description) =
            (format!("tag-of-{field}"), format!("Its tag is {what}; nothing else is wrong."));
        maker.bad(Case::of(world, &name, &description, ENVELOPE, base64(&der)), reason);
    }
}

/// Within what is signed.
fn attribute_tags(world: &World, maker: &mut Maker) {
    for (name, kind, path, other, what) in [
        ("attribute", oid::SIGNING_TIME, &[][..], tag::SET, "a SET in place of its SEQUENCE"),
        ("attribute-type", oid::ALGORITHM_PROTECTION, &[0], RELATIVE_OID, "a RELATIVE-OID as type"),
        ("attribute-values", oid::SIGNING_TIME, &[1], tag::SEQUENCE, "a SEQUENCE of values"),
        ("content-type-value", oid::CONTENT_TYPE, &[1, 0], RELATIVE_OID, "a RELATIVE-OID"),
        ("message-digest-value", oid::MESSAGE_DIGEST, &[1, 0], UTF8_STRING, "a UTF8String"),
        ("signing-time-value", oid::SIGNING_TIME, &[1, 0], 26, "a VisibleString"),
        ("protection-value", oid::ALGORITHM_PROTECTION, &[1, 0], tag::SET, "a SET"),
        ("protected-digest", oid::ALGORITHM_PROTECTION, &[1, 0, 0], tag::SET, "a SET as digest"),
        ("protected-signature", oid::ALGORITHM_PROTECTION, &[1, 0, 1], 0xa2, "[2], a MAC"),
        ("signing-certificate", oid::SIGNING_CERTIFICATE_V2, &[1, 0], tag::SET, "a SET"),
        ("certificate-hash", oid::SIGNING_CERTIFICATE_V2, &[1, 0, 0, 0, 0], UTF8_STRING, "text"),
    ] {
        let mut forge = world.forge();
        let attributes = forge.attributes.as_ref().unwrap();
        let (_, raw) = attributes.iter().find(|(found, _)| found == kind).unwrap();
        let raw = changed(raw, path, &|_, contents| element(other, &[contents]));
        forge.set_raw(kind, raw);
        let (name, description) =
            (format!("tag-of-{name}"), format!("An attribute has {what}, and is signed so."));
        let case = Case::signed(world, &name, &description, ATTRIBUTES, &forge);
        maker.bad(case, "value-attribute-malformed");
    }
}

fn lengths(world: &World, maker: &mut Maker) {
    let built = world.forge().build();
    let longer = |path: &[usize]| {
        changed(&built, path, &|tag, contents| {
            let mut der = element(tag, &[contents, &[0]]);
            der.pop();
            der
        })
    };
    let of = |path: &[usize], length: &[u8]| {
        changed(&built, path, &|tag, contents| [&[tag], length, contents].concat())
    };
    let signature = below(SIGNER_INFO, &[5]);
    for (name, description, der, reason) in [
        (
            "length-beyond-the-end",
            "ContentInfo is an octet shorter than it says.",
            longer(&[]),
            "value-der",
        ),
        (
            "length-beyond-its-parent",
            "SignedData says one octet more than there is in [0].",
            longer(SIGNED_DATA),
            "value-der",
        ),
        (
            "length-of-the-signer-beyond",
            "The SignerInfo says one octet more than there is in the SET.",
            longer(SIGNER_INFO),
            "value-der",
        ),
        (
            "length-of-the-signature-beyond",
            "The signature says one octet more than there is.",
            longer(&signature),
            "value-der",
        ),
        (
            "length-of-4-gb",
            "The signature says 4,294,967,295 octets.",
            of(&signature, &[0x84, 0xff, 0xff, 0xff, 0xff]),
            "value-der",
        ),
        (
            "length-of-2-to-the-64",
            "The signature says 2^64 and 72 octets: what a sum of 64 bits loses.",
            of(&signature, &[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 72]),
            "value-der",
        ),
        (
            "length-of-126-octets",
            "The length of ContentInfo has 126 octets.",
            of(&[], &[&[0xfe][..], &[0xff; 126]].concat()),
            "value-der",
        ),
        (
            "length-reserved",
            "The length of ContentInfo begins with the octet that is reserved (X.690 section 8.1.3.5).",
            of(&[], &[0xff]),
            "value-der",
        ),
        (
            "length-absent",
            "The tag of ContentInfo, and nothing else.",
            vec![tag::SEQUENCE],
            "value-der",
        ),
        (
            "length-of-the-signature-too-long",
            "The signature's length in two octets where one does.",
            changed(&built, &signature, &|tag, contents| {
                [&[tag, 0x81, u8::try_from(contents.len()).unwrap()], contents].concat()
            }),
            "value-ber",
        ),
    ] {
        maker.bad(Case::of(world, name, description, ENVELOPE, base64(&der)), reason);
    }
}

/// Elements that no field is for. Some libraries pass over them.
fn surplus(world: &World, maker: &mut Maker) {
    let built = world.forge().build();
    for (field, path, reason) in [
        ("content-info", vec![], "value-der"),
        ("explicit", vec![1], "value-der"),
        ("signed-data", SIGNED_DATA.to_vec(), "value-der"),
        ("digest-algorithms-one", below(SIGNED_DATA, &[1, 0]), "value-digest-algorithm"),
        ("content", below(SIGNED_DATA, &[2]), "value-der"),
        ("content-explicit", below(SIGNED_DATA, &[2, 1]), "value-der"),
        ("signer", SIGNER_INFO.to_vec(), "value-der"),
        ("identifier", below(SIGNER_INFO, &[1]), "value-der"),
        ("signature-algorithm", below(SIGNER_INFO, &[4]), "value-signature-algorithm"),
    ] {
        let der =
            changed(&built, &path, &|tag, contents| element(tag, &[contents, &integer(&[7])]));
        let name = format!("surplus-in-{field}");
        let description = "An INTEGER after its last field.";
        maker.bad(Case::of(world, &name, description, ENVELOPE, base64(&der)), reason);
    }
    for (name, kind, path) in [
        ("attribute", oid::SIGNING_TIME, &[][..]),
        ("protection", oid::ALGORITHM_PROTECTION, &[1, 0]),
        ("signing-certificate", oid::SIGNING_CERTIFICATE_V2, &[1, 0]),
        ("certificate-identifier", oid::SIGNING_CERTIFICATE_V2, &[1, 0, 0, 0]),
    ] {
        let mut forge = world.forge();
        let attributes = forge.attributes.as_ref().unwrap();
        let (_, raw) = attributes.iter().find(|(found, _)| found == kind).unwrap();
        let raw =
            changed(raw, path, &|tag, contents| element(tag, &[contents, &octet_string(b"more")]));
        forge.set_raw(kind, raw);
        let name = format!("surplus-in-{name}");
        let description = "An OCTET STRING after its last field, which is signed.";
        let case = Case::signed(world, &name, description, ATTRIBUTES, &forge);
        maker.bad(case, "value-attribute-malformed");
    }
}

/// `depth` SEQUENCEs, each in another.
fn nested(depth: usize) -> Vec<u8> {
    // From within: each adds its tag and its length in front.
    let mut reversed = Vec::new();
    for _ in 0..depth {
        let header = element(tag::SEQUENCE, &[&vec![0; reversed.len()]]);
        let header = &header[..header.len() - reversed.len()];
        reversed.extend(header.iter().rev());
    }
    reversed.reverse();
    reversed
}

/// What a verifier knows no type for it has to check all the same.
fn unknown_attributes(world: &World, maker: &mut Maker) {
    let in_sequence = |inner: &[u8]| sequence(&[inner]);
    let in_context = |inner: &[u8]| element(tag::CONTEXT_0, &[inner]);
    let (ber, malformed) = ("value-ber", "value-attribute-malformed");
    let values: &[(&str, &str, Vec<u8>, &str)] = &[
        ("boolean", "TRUE as 1", vec![1, 1, 1], malformed),
        ("boolean-of-two", "a BOOLEAN of two octets", vec![1, 2, 0, 0], malformed),
        ("integer-zeros", "an INTEGER with a zero octet too many", vec![2, 2, 0, 5], malformed),
        (
            "integer-ones",
            "a negative INTEGER with an octet too many",
            vec![2, 2, 0xff, 0x80],
            malformed,
        ),
        ("integer-empty", "an INTEGER of no octets", vec![2, 0], malformed),
        ("enumerated", "an ENUMERATED with a zero octet too many", vec![10, 2, 0, 5], malformed),
        ("null", "a NULL of an octet", vec![5, 1, 0], malformed),
        (
            "oid",
            "an OBJECT IDENTIFIER with a number in more octets than it needs",
            vec![6, 3, 0x2a, 0x80, 1],
            malformed,
        ),
        (
            "oid-cut-off",
            "an OBJECT IDENTIFIER that ends within a number",
            vec![6, 2, 0x2a, 0x81],
            malformed,
        ),
        ("bits", "a BIT STRING whose unused bits are not zero", vec![3, 2, 4, 0xff], malformed),
        ("octets-in-pieces", "a constructed OCTET STRING", vec![0x24, 3, 4, 1, 7], ber),
        ("text-in-pieces", "a constructed UTF8String", vec![0x2c, 3, 12, 1, 0x41], ber),
        ("length", "a length in two octets where one does", vec![4, 0x81, 1, 7], ber),
        ("indefinite", "an indefinite length", vec![0x30, 0x80, 5, 0, 0, 0], ber),
        ("high-tag", "a tag of two octets where one does", vec![0x1f, 4, 1, 7], malformed),
        (
            "time",
            "a UTCTime with an offset",
            [&[23, 17][..], b"270115080000+0000"].concat(),
            malformed,
        ),
        ("end", "an end-of-contents", vec![0, 0], malformed),
        ("beyond", "a length beyond the end of the SEQUENCE", vec![4, 5, 1], malformed),
    ];
    for (name, what, inner, reason) in values {
        for (place, where_, value) in [
            ("sequence", "a SEQUENCE of an unknown attribute", in_sequence(inner)),
            ("context", "a tagged element of an unknown attribute", in_context(inner)),
        ] {
            let mut forge = world.forge();
            forge.add(UNKNOWN, &[&value]);
            let (name, description) =
                (format!("ber-{name}-in-{place}"), format!("In {where_}: {what}."));
            let case = Case::signed(world, &name, &description, ATTRIBUTES, &forge);
            maker.bad(case, reason);
        }
        let unsigned = match *name {
            "boolean" => "value-der",
            "length" | "indefinite" => ber,
            _ => continue,
        };
        let mut forge = world.forge();
        forge.unsigned = element(tag::CONTEXT_1, &[&attribute(UNKNOWN, &[&in_sequence(inner)])]);
        let (name, description) =
            (format!("ber-{name}-unsigned"), format!("In an unknown unsigned attribute: {what}."));
        let case = Case::signed(world, &name, &description, ATTRIBUTES, &forge);
        maker.bad(case, unsigned);
    }
    for (name, description, value) in [
        (
            "unknown-attribute-of-types",
            "An unknown attribute with a value of each of the usual types, all in DER.",
            sequence(&[
                &[1, 1, 0xff],
                &integer(&[0x80]),
                &[3, 2, 4, 0xf0],
                &octet_string(&[7; 200]),
                NULL,
                &object_identifier(&[0x2a, 0x86, 0x48]),
                &element(12, &["ü".as_bytes()]),
                &element(tag::UTC_TIME, &[b"270115080000Z"]),
                &element(tag::SET, &[&in_context(&integer(&[1]))]),
            ]),
        ),
        ("unknown-attribute-of-depth-16", "An unknown attribute of 16 SEQUENCEs.", nested(16)),
    ] {
        let mut forge = world.forge();
        forge.add(UNKNOWN, &[&value]);
        maker.good(Case::signed(world, name, description, ATTRIBUTES, &forge), world);
    }
    for (name, description, value, reason) in [
        (
            "depth-of-10000",
            "An unknown attribute of 10,000 SEQUENCEs: what a stack does not have.",
            nested(10_000),
            malformed,
        ),
        (
            "depth-of-10000-indefinite",
            "An unknown attribute of 10,000 SEQUENCEs with indefinite lengths.",
            [[0x30, 0x80].repeat(10_000), [0, 0].repeat(10_000)].concat(),
            ber,
        ),
    ] {
        let mut forge = world.forge();
        forge.add(UNKNOWN, &[&value]);
        let case = Case::signed(world, name, description, ATTRIBUTES, &forge);
        maker.bad(case, reason);
    }
}
