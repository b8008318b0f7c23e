// SPDX-License-Identifier: Apache-2.0

//! A small strict reader and writer of DER (X.690 section 10).

use std::fmt;

/// Tags of what this library reads and writes.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// `[0]`, constructed: explicit, or implicit of something constructed.
    pub(crate) const CONTEXT_0: u8 = 0xa0;
    /// `[1]`, constructed.
    pub(crate) const CONTEXT_1: u8 = 0xa1;
    /// `[3]`, constructed.
    pub(crate) const CONTEXT_3: u8 = 0xa3;
    /// `[4]`, constructed.
    pub(crate) const CONTEXT_4: u8 = 0xa4;
    /// `[0]`, implicit of something primitive.
    pub(crate) const CONTEXT_0_PRIMITIVE: u8 = 0x80;
    /// `[1]`, implicit of something primitive.
    pub(crate) const CONTEXT_1_PRIMITIVE: u8 = 0x81;
    /// `[2]`, implicit of something primitive.
    pub(crate) const CONTEXT_2_PRIMITIVE: u8 = 0x82;
}

/// The input is not DER, or not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One element: its tag, its contents, and both with the length between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) raw: &'a [u8],
}

/// The contents of an OBJECT IDENTIFIER, to be written with numbers and dots.
pub(crate) struct ObjectIdentifier<'a>(pub(crate) &'a [u8]);

impl fmt::Display for ObjectIdentifier<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for octets in self.0.split_inclusive(|octet| octet & 0x80 == 0) {
            let number = octets.iter().try_fold(0_u64, |number, octet| {
                let number = number.checked_mul(0x80)?;
                number.checked_add(u64::from(octet & 0x7f))
            });
            match (first, number) {
                // X.690 section 8.19.4: the first two numbers, in one.
                (true, Some(both)) => {
                    let top = (both / 40).min(2);
                    let next = both.saturating_sub(top.saturating_mul(40));
                    write!(formatter, "{top}.{next}")?;
                }
                (false, Some(number)) => write!(formatter, ".{number}")?,
                // No such identifier is in use, and its numbers would tell nothing.
                (_, None) => return formatter.write_str("..."),
            }
            first = false;
        }
        Ok(())
    }
}

/// Reads elements that follow one another.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Reads the one element that `input` is, which must have this tag.
    pub(crate) fn only(input: &'a [u8], tag: u8) -> Result<Element<'a>, Malformed> {
        let mut reader = Self::new(input);
        let element = reader.read(tag)?;
        reader.end()?;
        Ok(element)
    }

    /// Reads the next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Malformed> {
        let start = self.rest;
        let (&tag, rest) = start.split_first().ok_or(Malformed)?;
        // Tags of more than one octet occur in nothing that is read here.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (length, rest) = read_length(rest)?;
        let (contents, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        let raw_length = start.len().checked_sub(rest.len()).ok_or(Malformed)?;
        let raw = start.get(..raw_length).ok_or(Malformed)?;
        Ok(Element { tag, contents, raw })
    }

    /// Reads the next element, which must have this tag.
    pub(crate) fn read(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        Some(self.any()?).filter(|element| element.tag == tag).ok_or(Malformed)
    }

    /// Reads the next element if there is one with this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.first() == Some(&tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// There must be nothing more.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

fn read_length(input: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let (&first, rest) = input.split_first().ok_or(Malformed)?;
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    // 0x80 is BER's indefinite length; more than four octets is more than any memory here.
    let (octets, rest) = match first & 0x7f {
        count @ 1..=4 => rest.split_at_checked(usize::from(count)).ok_or(Malformed)?,
        _ => return Err(Malformed),
    };
    let length = octets.iter().fold(0_u32, |length, &octet| (length << 8) | u32::from(octet));
    // DER: as few octets as will do.
    if octets.first() == Some(&0) || length < 0x80 {
        return Err(Malformed);
    }
    Ok((usize::try_from(length).map_err(|_| Malformed)?, rest))
}

/// The octets of a tag and a length, at most nine.
#[derive(Clone, Copy)]
struct Header {
    octets: [u8; 1 + 1 + size_of::<usize>()],
    length: usize,
}

impl Header {
    fn new(tag: u8, contents_length: usize) -> Self {
        let mut header = Self { octets: [0; 10], length: 0 };
        header.push(tag);
        if let Ok(short @ 0..0x80) = u8::try_from(contents_length) {
            header.push(short);
        } else {
            let big_endian = contents_length.to_be_bytes();
            let significant = big_endian.iter().skip_while(|&&octet| octet == 0);
            // At most eight.
            header.push(0x80 | significant.clone().count() as u8);
            for &octet in significant {
                header.push(octet);
            }
        }
        header
    }

    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.length) {
            *place = octet;
            self.length = self.length.saturating_add(1);
        }
    }

    fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

/// How long an element is, tag and length included, whose contents have this length.
pub(crate) fn element_length(contents_length: usize) -> usize {
    Header::new(0, contents_length).length.saturating_add(contents_length)
}

/// Appends a tag and a length; contents of that length must follow.
pub(crate) fn write_header(output: &mut Vec<u8>, tag: u8, contents_length: usize) {
    output.extend_from_slice(Header::new(tag, contents_length).octets());
}

/// An element with these contents, one after another.
pub(crate) fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let mut output = Vec::with_capacity(element_length(contents.len()));
    write_header(&mut output, tag, contents.len());
    output.extend_from_slice(&contents);
    output
}

/// The contents of a SET OF these elements: in ascending order of their encodings (X.690 section
/// 11.6).
pub(crate) fn set_of(mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    // No element is the beginning of another, so the padding of X.690 makes no difference.
    elements.sort_unstable();
    elements.concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refused() {
        let cases: &[(&str, &[u8])] = &[
            ("nothing", &[]),
            ("no length", &[0x30]),
            ("contents cut off", &[0x30, 2, 0]),
            ("indefinite length", &[0x30, 0x80, 0, 0]),
            ("long form for a short length", &[0x04, 0x81, 0x01, 0]),
            ("length with a leading zero", &[0x04, 0x82, 0x00, 0x80]),
            ("length cut off", &[0x04, 0x82, 0x01]),
            ("length of five octets", &[0x04, 0x85, 1, 0, 0, 0, 0]),
            ("reserved length", &[0x04, 0xff]),
            ("longest length", &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff]),
            ("tag of several octets", &[0x1f, 0x81, 0x01, 0x00]),
        ];
        for (name, input) in cases {
            assert_eq!(Reader::new(input).any(), Err(Malformed), "{name}");
        }
        assert_eq!(Reader::only(&[0x05, 0, 0], 0x05), Err(Malformed), "trailing octet");
        assert_eq!(Reader::only(&[0x05, 0], 0x04), Err(Malformed), "another tag");
    }

    #[test]
    fn object_identifiers() {
        let long = [&[0x2a][..], &[0x81; 12], &[1]].concat();
        for (contents, expected) in [
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1][..], "1.2.840.113549.1.7.1"),
            (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], "2.16.840.1.101.3.4.2.1"),
            (&[0x55, 4, 3], "2.5.4.3"),
            (&[0], "0.0"),
            (&[0x27], "0.39"),
            (&[0x28], "1.0"),
            (&[0x88, 0x37, 3], "2.999.3"),
            (
                &[0x2a, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
                "1.2.18446744073709551615",
            ),
            (&long, "1.2..."),
            (&[], ""),
        ] {
            assert_eq!(ObjectIdentifier(contents).to_string(), expected);
        }
    }

    #[test]
    fn lengths_at_the_borders() {
        for (length, header) in [
            (0, &[4, 0][..]),
            (0x7f, &[4, 0x7f]),
            (0x80, &[4, 0x81, 0x80]),
            (0xff, &[4, 0x81, 0xff]),
            (0x100, &[4, 0x82, 1, 0]),
            (0xffff, &[4, 0x82, 0xff, 0xff]),
            (0x1_0000, &[4, 0x83, 1, 0, 0]),
        ] {
            let contents = vec![7; length];
            let encoded = element(4, &[&contents]);
            assert_eq!(&encoded[..header.len()], header);
            assert_eq!(encoded.len(), element_length(length));
            let read = Reader::only(&encoded, 4).unwrap();
            assert_eq!((read.contents, read.raw), (&contents[..], &encoded[..]));
        }
        assert_eq!(Header::new(4, usize::MAX).octets().len(), 10);
        assert_eq!(element_length(usize::MAX), usize::MAX);
    }

    #[test]
    fn set_of_is_sorted() {
        let set = set_of(vec![vec![0x30, 2, 1, 1], vec![0x30, 1, 9], vec![0x02, 1, 0xff]]);
        assert_eq!(set, [0x02, 1, 0xff, 0x30, 1, 9, 0x30, 2, 1, 1]);
    }

    proptest! {
        #[test]
        fn written_is_read(tag in 0_u8..0x1f, contents: Vec<u8>, rest: Vec<u8>) {
            let mut input = element(tag, &[&contents]);
            let length = input.len();
            input.extend(&rest);
            let mut reader = Reader::new(&input);
            let read = reader.read(tag).unwrap();
            prop_assert_eq!(read.contents, &contents[..]);
            prop_assert_eq!(read.raw, &input[..length]);
            prop_assert_eq!(reader.rest, &rest[..]);
        }

        #[test]
        fn read_is_what_would_be_written(input: Vec<u8>) {
            if let Ok(read) = Reader::new(&input).any() {
                prop_assert_eq!(element(read.tag, &[read.contents]), read.raw);
            }
        }
    }
}
