// SPDX-License-Identifier: Apache-2.0

//! Times on the command line.

use std::{str::FromStr, time::SystemTime};

use client_cert::verify::inspect::unix_time;
use openssl::asn1::Asn1Time;

/// In Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub i64);

impl Time {
    pub fn now() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
    }
}

/// `2026-11-26T03:00:00Z`, with any offset, or seconds since 1970.
impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = text.parse().ok().or_else(|| rfc3339(text)).map(Self);
        time.ok_or_else(|| "neither a time like 2026-11-26T03:00:00Z nor seconds since 1970".into())
    }
}

/// The time of RFC 3339 section 5.6; fractions of a second are left out.
fn rfc3339(text: &str) -> Option<i64> {
    let (local, zone) = text.split_at_checked(19)?;
    if !matches!(
        &*shape(local),
        "0000-00-00T00:00:00" | "0000-00-00t00:00:00" | "0000-00-00 00:00:00"
    ) {
        return None;
    }
    let zone = zone.strip_prefix('.').map_or(zone, |fraction| {
        fraction.trim_start_matches(|character: char| character.is_ascii_digit())
    });
    let digits: String = local.chars().filter(char::is_ascii_digit).collect();
    let time = Asn1Time::from_str(&format!("{digits}Z")).ok()?;
    unix_time(&time).ok()?.checked_sub(offset(zone)?)
}

/// With each digit as 0.
fn shape(text: &str) -> String {
    let digit = |character: char| if character.is_ascii_digit() { '0' } else { character };
    text.chars().map(digit).collect()
}

/// In seconds.
fn offset(zone: &str) -> Option<i64> {
    match &*shape(zone) {
        "Z" | "z" => return Some(0),
        "+00:00" | "-00:00" => (),
        _ => return None,
    }
    let (hours, minutes): (i64, i64) =
        (zone.get(1..3)?.parse().ok()?, zone.get(4..)?.parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    if zone.starts_with('-') { seconds.checked_neg() } else { Some(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1795662000", Some(1_795_662_000)),
            ("-1", Some(-1)),
            ("2026-11-26T03:00:00Z", Some(1_795_662_000)),
            ("2026-11-26t03:00:00z", Some(1_795_662_000)),
            ("2026-11-26 03:00:00Z", Some(1_795_662_000)),
            ("2026-11-26T03:00:00.999Z", Some(1_795_662_000)),
            ("2026-11-26T05:30:00+02:30", Some(1_795_662_000)),
            ("2026-11-25T22:00:00-05:00", Some(1_795_662_000)),
            ("2060-01-01T00:00:00Z", Some(2_840_140_800)),
            ("2026-11-26", None),
            ("2026-11-26T03:00:00", None),
            ("2026-11-26T03:00Z", None),
            ("2026-13-26T03:00:00Z", None),
            ("2026-11-31T03:00:00Z", None),
            ("2026-11-26T25:00:00Z", None),
            ("2026-11-26T03:00:00+2:00", None),
            ("2026-11-26T03:00:00+24:00", None),
            ("2026-11-26T03:00:00+02:60", None),
            ("2026-11-26T03:00:00+02-00", None),
            ("2026-11-26X03:00:00Z", None),
            ("2026/11/26T03:00:00Z", None),
            ("2026-11-26T03:00:00+02:00x", None),
            ("2026-11-26T03:00:0\u{e9}Z", None),
            ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected.map(Time), "{text}");
        }
    }
}
