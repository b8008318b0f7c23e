// SPDX-License-Identifier: Apache-2.0

//! As much of HTTP/2 (RFC 9113) as a client needs that sends requests without a body, and is told
//! all that it wants to know by statuses and bodies.

use std::{
    collections::HashMap,
    io::{Read, Write},
};

use crate::http1::{Answers, Broken};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length: u32 = payload.len().try_into().unwrap();
    [&length.to_be_bytes()[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A string of HPACK (RFC 7541), plain.
fn string(text: &str) -> Vec<u8> {
    let length = text.len();
    assert!(length < 127);
    [&[u8::try_from(length).unwrap()], text.as_bytes()].concat()
}

fn request(host: &str, path: &str, id: &str) -> Vec<u8> {
    [
        // :method GET, :scheme https, :path, :authority: indices of the static table.
        &[0x82, 0x87, 0x04][..],
        &string(path),
        &[0x01],
        &string(host),
        &[0x00],
        &string("x-id"),
        &string(id),
    ]
    .concat()
}

/// A number of three digits, in the code of RFC 7541, appendix B: where that takes two octets, and
/// not the three that the digits themselves take.
fn digits(octets: &[u8]) -> Option<u16> {
    let mut bits = u32::from(u16::from_be_bytes(octets.try_into().ok()?)) << 16;
    let mut number = 0;
    for _ in 0..3 {
        let (digit, length) = match bits >> 27 {
            digit @ 0..=2 => (digit, 5),
            _ => ((bits >> 26).checked_sub(0x19)? + 3, 6),
        };
        bits <<= length;
        number = number * 10 + digit;
    }
    u16::try_from(number).ok()
}

/// The status, which comes first in a block of headers.
fn status(mut block: &[u8]) -> Option<u16> {
    loop {
        match *block {
            // The size of the dynamic table, which we said is zero.
            [0x20..=0x3f, ref rest @ ..] => block = rest,
            [index @ 0x88..=0x8e, ..] => {
                return Some([200, 204, 206, 304, 400, 404, 500][usize::from(index - 0x88)]);
            }
            // A literal whose name is one of those.
            [0x08..=0x0e | 0x18..=0x1e | 0x48..=0x4e, length, ref rest @ ..] => {
                let value = rest.get(..usize::from(length & 0x7f))?;
                return if length & 0x80 == 0 {
                    std::str::from_utf8(value).ok()?.parse().ok()
                } else {
                    digits(value)
                };
            }
            _ => return None,
        }
    }
}

/// What became of one request.
pub enum Outcome {
    Answered(u16, Vec<u8>),
    /// Not processed, as the server says: it is to be sent again.
    Refused,
    Broken(String),
}

/// What a client sends first: all requests at once, so that the server has several threads for this
/// connection. Those at even places are cancelled if `cancel` is set.
pub fn opening(host: &str, path: &str, ids: &[String], cancel: bool) -> Vec<u8> {
    let mut out = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // HEADER_TABLE_SIZE 0, ENABLE_PUSH 0, INITIAL_WINDOW_SIZE 1 MB.
    let settings = [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0, 0x10, 0, 0];
    out.extend(frame(SETTINGS, 0, 0, &settings));
    out.extend(frame(WINDOW_UPDATE, 0, 0, &0x3fff_0000u32.to_be_bytes()));
    for (number, id) in (1..).step_by(2).zip(ids) {
        out.extend(frame(HEADERS, END_STREAM | END_HEADERS, number, &request(host, path, id)));
        if cancel && is_cancelled(number) {
            out.extend(frame(RST_STREAM, 0, number, &CANCEL.to_be_bytes()));
        }
    }
    out
}

fn is_cancelled(stream: u32) -> bool {
    stream % 4 == 1
}

/// Sends `opening`, and tells what became of each request that is not cancelled, by its place.
pub fn requests<S: Read + Write>(
    stream: &mut S,
    host: &str,
    path: &str,
    ids: &[String],
    cancel: bool,
    mut told: impl FnMut(usize, Outcome),
) -> Result<(), Broken> {
    stream.write_all(&opening(host, path, ids, cancel))?;
    let mut waiting: HashMap<u32, (usize, u16, Vec<u8>)> = (0..ids.len())
        .map(|place| (1 + 2 * u32::try_from(place).unwrap(), (place, 0, Vec::new())))
        .filter(|(number, _)| !(cancel && is_cancelled(*number)))
        .collect();

    let mut answers = Answers::default();
    while !waiting.is_empty() {
        let (head, payload) = match read(&mut answers, stream) {
            Ok(frame) => frame,
            Err(broken) => {
                for (_, (place, ..)) in waiting.drain() {
                    told(place, Outcome::Broken(broken.to_string()));
                }
                return Err(broken);
            }
        };
        let (kind, flags) = (head[3], head[4]);
        let number = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut rest = &payload[..];
        if matches!(kind, DATA | HEADERS) {
            if flags & PADDED != 0 {
                let end = rest.len().saturating_sub(usize::from(rest[0]));
                rest = &rest[1..end];
            }
            if kind == HEADERS && flags & PRIORITY != 0 {
                rest = &rest[5..];
            }
        }
        match kind {
            DATA | HEADERS => {
                let Some((_, code, body)) = waiting.get_mut(&number) else { continue };
                if kind == DATA {
                    body.extend_from_slice(rest);
                } else if *code == 0 {
                    *code = status(rest)
                        .ok_or_else(|| Broken::Other(format!("no status: {rest:x?}")))?;
                }
                if flags & END_STREAM != 0 {
                    let (place, code, body) = waiting.remove(&number).unwrap();
                    told(place, Outcome::Answered(code, body));
                }
            }
            SETTINGS | PING if flags & ACK == 0 => {
                let answer = if kind == PING { &payload[..] } else { &[] };
                stream.write_all(&frame(kind, ACK, 0, answer))?;
            }
            RST_STREAM => {
                let code = u32::from_be_bytes(payload[..4].try_into().unwrap());
                if let Some((place, ..)) = waiting.remove(&number) {
                    told(
                        place,
                        if code == REFUSED_STREAM {
                            Outcome::Refused
                        } else {
                            Outcome::Broken(format!("stream reset, {code}"))
                        },
                    );
                }
            }
            GOAWAY => {
                let last = u32::from_be_bytes(payload[..4].try_into().unwrap());
                waiting.retain(|number, (place, ..)| {
                    if *number > last {
                        told(*place, Outcome::Refused);
                    }
                    *number <= last
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn read<S: Read>(answers: &mut Answers, stream: &mut S) -> Result<([u8; 9], Vec<u8>), Broken> {
    let head: [u8; 9] = answers.take(9, stream)?.try_into().unwrap();
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    Ok((head, answers.take(length.try_into().unwrap(), stream)?))
}
