// SPDX-License-Identifier: Apache-2.0

//! The WebSocket behind the origin: to each message it answers with it, and with who the origin
//! says that the client is.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use openssl::{base64::encode_block, sha::sha1};

/// Listens; returns the port.
pub fn start() -> u16 {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listening.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listening.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Until the other side has no more to say, or says what makes no sense.
fn serve(mut stream: TcpStream) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).ok()?;
        head.push(octet[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let field = |name: &str| {
        let line = head.lines().find(|line| {
            line.split_once(':').is_some_and(|(field, _)| field.eq_ignore_ascii_case(name))
        });
        line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    };
    let key = format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", field("Sec-WebSocket-Key"));
    let accept = encode_block(&sha1(key.as_bytes()));
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .ok()?;
    let who = [field("X-Who"), field("X-Client-9440"), field("X-Signer")].join("|");
    loop {
        let mut start = [0; 6];
        stream.read_exact(&mut start).ok()?;
        let [0x81, length, mask @ ..] = start else { return None };
        let mut text = vec![0; usize::from(length & 0x7f)];
        stream.read_exact(&mut text).ok()?;
        for (octet, mask) in text.iter_mut().zip(mask.iter().cycle()) {
            *octet ^= mask;
        }
        let answer = format!("{}|{who}", String::from_utf8(text).ok()?);
        let length = u16::try_from(answer.len()).ok()?.to_be_bytes();
        let answer = [&[0x81, 126], &length[..], answer.as_bytes()].concat();
        stream.write_all(&answer).ok()?;
    }
}
