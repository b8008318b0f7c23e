// SPDX-License-Identifier: Apache-2.0

//! HTTP/1.1, and WebSocket, as a client.

use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
};

/// Why a connection is of no more use.
pub enum Broken {
    /// Closed before anything of an answer came, on a connection that had answered before.
    Idle,
    Other(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("closed between two requests"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// Where one connection's answers are read from.
#[derive(Default)]
pub struct Answers {
    buffer: Vec<u8>,
    answered: bool,
}

impl Answers {
    pub fn more(&mut self, stream: &mut impl Read) -> Result<(), Broken> {
        let mut part = [0; 16 << 10];
        let length = match stream.read(&mut part) {
            // A TLS connection that ends without a word.
            Err(error) if error.kind() != ErrorKind::WouldBlock && self.buffer.is_empty() => {
                if self.answered {
                    return Err(Broken::Idle);
                }
                return Err(error.into());
            }
            other => other?,
        };
        if length == 0 {
            return Err(if self.answered && self.buffer.is_empty() {
                Broken::Idle
            } else {
                Broken::Other(format!("closed after {} octets", self.buffer.len()))
            });
        }
        self.buffer.extend_from_slice(&part[..length]);
        Ok(())
    }

    pub fn take(&mut self, length: usize, stream: &mut impl Read) -> Result<Vec<u8>, Broken> {
        while self.buffer.len() < length {
            self.more(stream)?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    fn until(&mut self, end: &[u8], stream: &mut impl Read) -> Result<Vec<u8>, Broken> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|part| part == end) {
                return self.take(at + end.len(), stream);
            }
            self.more(stream)?;
        }
    }

    /// The status, the body, and whether the server closes the connection.
    pub fn next(&mut self, stream: &mut impl Read) -> Result<(u16, Vec<u8>, bool), Broken> {
        let head = self.until(b"\r\n\r\n", stream)?;
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let status: u16 = status.ok_or_else(|| Broken::Other(format!("not an answer: {head}")))?;
        let mut body = Vec::new();
        if head.contains("transfer-encoding: chunked") {
            loop {
                let line = self.until(b"\r\n", stream)?;
                let length = String::from_utf8_lossy(&line);
                let length = usize::from_str_radix(length.trim(), 16)
                    .map_err(|_| Broken::Other(format!("not a chunk: {length}")))?;
                let part = self.take(length + 2, stream)?;
                body.extend_from_slice(&part[..length]);
                if length == 0 {
                    break;
                }
            }
        } else if let Some((_, rest)) = head.split_once("\r\ncontent-length: ") {
            let length = rest.lines().next().and_then(|length| length.trim().parse().ok());
            body = self.take(length.unwrap_or_default(), stream)?;
        }
        self.answered = true;
        Ok((status, body, head.contains("\r\nconnection: close")))
    }
}

/// One text frame of a WebSocket, as a client writes it: with a mask, which is zero.
pub fn frame(text: &str) -> Vec<u8> {
    let length: u8 = text.len().try_into().unwrap();
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// The text of the next frame that a server writes.
pub fn message(answers: &mut Answers, stream: &mut impl Read) -> Result<Vec<u8>, Broken> {
    let head = answers.take(4, stream)?;
    if head[..2] != [0x81, 126] {
        return Err(Broken::Other(format!("not a text frame: {head:x?}")));
    }
    answers.take(usize::from(u16::from_be_bytes([head[2], head[3]])), stream)
}

pub fn send(stream: &mut impl Write, octets: &[u8], answered: bool) -> Result<(), Broken> {
    match stream.write_all(octets) {
        // What the server said before it closed the connection is still to be read.
        Err(_) if answered => Ok(()),
        other => Ok(other?),
    }
}
