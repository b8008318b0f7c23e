// SPDX-License-Identifier: Apache-2.0

//! Times on the command line.

use std::{str::FromStr, time::SystemTime};

use openssl::asn1::{Asn1Time, Asn1TimeRef};

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
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes().get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let clock = time.get(..8)?;
    let zone = time.get(8..)?;
    let zone = zone.strip_prefix('.').map_or(zone, |fraction| {
        fraction.trim_start_matches(|character: char| character.is_ascii_digit())
    });
    let fields = [number(date, 0, 4)?, number(date, 5, 2)?, number(date, 8, 2)?];
    let clock_fields = [number(clock, 0, 2)?, number(clock, 3, 2)?, number(clock, 6, 2)?];
    let separators = [date.get(4..5)?, date.get(7..8)?, clock.get(2..3)?, clock.get(5..6)?];
    if separators != ["-", "-", ":", ":"] {
        return None;
    }
    let [year, month, day] = fields;
    let [hour, minute, second] = clock_fields;
    let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    let time = Asn1Time::from_str(&text).ok()?;
    unix_time(&time)?.checked_sub(offset(zone)?)
}

fn number(text: &str, at: usize, length: usize) -> Option<u32> {
    let digits = text.get(at..at.checked_add(length)?)?;
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// In seconds.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(zone, 1, 2)?, number(zone, 4, 2)?);
    let right = zone.len() == 6 && zone.get(3..4) == Some(":") && hours < 24 && minutes < 60;
    let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    right.then(|| i64::from(seconds).checked_mul(sign))?
}

/// In Unix seconds.
pub fn unix_time(time: &Asn1TimeRef) -> Option<i64> {
    let difference = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    i64::from(difference.days).checked_mul(86_400)?.checked_add(i64::from(difference.secs))
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
