// SPDX-License-Identifier: Apache-2.0

//! Time as certificates and signatures have it: UTCTime and GeneralizedTime in the forms of RFC
//! 5280 section 4.1.2.5, and Unix time, in seconds.

use std::fmt;

use crate::asn1::der::{Element, Malformed, tag};

pub(crate) const DAY: i64 = 86_400;

/// A validity, RFC 5280 section 4.1.2.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

/// On which side of a validity a time lies that is not within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    Before,
    After,
}

impl Validity {
    /// Whether `now` lies within. The second of notAfter does not, since X509_verify_cert(), by
    /// which a verifier decides, calls it expired.
    pub(crate) fn check(self, now: i64) -> Result<(), Outside> {
        if now < self.not_before {
            Err(Outside::Before)
        } else if now >= self.not_after {
            Err(Outside::After)
        } else {
            Ok(())
        }
    }
}

/// Reads a Time, RFC 5280 section 4.1.2.5: to the second, and in UTC.
pub(crate) fn read(time: Element<'_>) -> Result<i64, Malformed> {
    let (year, rest) = match time.tag {
        tag::UTC_TIME => {
            let (year, rest) = time.contents.split_first_chunk::<2>().ok_or(Malformed)?;
            let year = i64::from(two_digits(year)?);
            (if year < 50 { year.saturating_add(2000) } else { year.saturating_add(1900) }, rest)
        }
        tag::GENERALIZED_TIME => {
            let (century, rest) = time.contents.split_first_chunk::<2>().ok_or(Malformed)?;
            let (year, rest) = rest.split_first_chunk::<2>().ok_or(Malformed)?;
            let century = i64::from(two_digits(century)?).saturating_mul(100);
            (century.saturating_add(i64::from(two_digits(year)?)), rest)
        }
        _ => return Err(Malformed),
    };
    let &[mo0, mo1, d0, d1, h0, h1, mi0, mi1, s0, s1, b'Z'] = rest else {
        return Err(Malformed);
    };
    let month = within(1, 12, &[mo0, mo1])?;
    let day = within(1, days_of_month(year, month), &[d0, d1])?;
    let (hour, minute) = (within(0, 23, &[h0, h1])?, within(0, 59, &[mi0, mi1])?);
    let second = within(0, 59, &[s0, s1])?;
    let seconds = i64::from(hour)
        .saturating_mul(3600)
        .saturating_add(i64::from(minute).saturating_mul(60))
        .saturating_add(i64::from(second));
    Ok(days_of_date(year, month, day).saturating_mul(DAY).saturating_add(seconds))
}

/// A time in Unix seconds, in readable form.
#[derive(Clone, Copy)]
pub(crate) struct Utc(pub(crate) i64);

impl fmt::Display for Utc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((year, month, day)) = date_of_days(self.0.div_euclid(DAY)) else {
            return write!(formatter, "{} seconds after 1970", self.0);
        };
        let seconds = self.0.rem_euclid(DAY);
        let (hour, minute) = (seconds.div_euclid(3600), seconds.rem_euclid(3600).div_euclid(60));
        let second = seconds.rem_euclid(60);
        write!(formatter, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

/// A signingTime, RFC 5652 section 11.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SigningTime {
    /// Until the end of 2049.
    Utc([u8; 13]),
    /// From then on.
    Generalized([u8; 15]),
}

impl SigningTime {
    /// `None` when RFC 5280 cannot express `now`: before 1950, after 9999.
    pub(crate) fn new(now: i64) -> Option<Self> {
        let (year, month, day) = date_of_days(now.div_euclid(DAY))?;
        let seconds = now.rem_euclid(DAY);
        let time = [
            pair(year.div_euclid(100))?,
            pair(year.rem_euclid(100))?,
            pair(month)?,
            pair(day)?,
            pair(seconds.div_euclid(3600))?,
            pair(seconds.rem_euclid(3600).div_euclid(60))?,
            pair(seconds.rem_euclid(60))?,
        ];
        let mut generalized = [b'Z'; 15];
        for (place, digit) in generalized.iter_mut().zip(time.iter().flatten()) {
            *place = *digit;
        }
        match year {
            1950..=2049 => generalized.last_chunk().map(|utc| Self::Utc(*utc)),
            2050.. => Some(Self::Generalized(generalized)),
            _ => None,
        }
    }

    pub(crate) fn octets(&self) -> &[u8] {
        match self {
            Self::Utc(octets) => octets,
            Self::Generalized(octets) => octets,
        }
    }
}

/// The full days from `now` to `end`, in Unix seconds; and the first second for which there are fewer.
pub(crate) fn days_to(end: i64, now: i64) -> (i64, i64) {
    let days = end.saturating_sub(now).max(0).div_euclid(DAY);
    let last = end.saturating_sub(days.saturating_mul(DAY));
    (days, if days > 0 { last.saturating_add(1) } else { i64::MAX })
}

/// A time in the format of RFC 3339, in UTC and to the second. `None` before year 1 and after 9999.
#[must_use]
pub fn rfc3339(time: i64) -> Option<String> {
    let (year, month, day) = date_of_days(time.div_euclid(DAY))?;
    let seconds = time.rem_euclid(DAY);
    let (hour, minute) = (seconds.div_euclid(3600), seconds.rem_euclid(3600).div_euclid(60));
    let second = seconds.rem_euclid(60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

fn two_digits(&[tens, ones]: &[u8; 2]) -> Result<u8, Malformed> {
    match (tens, ones) {
        (b'0'..=b'9', b'0'..=b'9') => {
            Ok((tens & 0x0f).saturating_mul(10).saturating_add(ones & 0x0f))
        }
        _ => Err(Malformed),
    }
}

fn within(least: u8, most: u8, digits: &[u8; 2]) -> Result<u8, Malformed> {
    Some(two_digits(digits)?).filter(|number| (least..=most).contains(number)).ok_or(Malformed)
}

fn pair(number: i64) -> Option<[u8; 2]> {
    let number = u8::try_from(number).ok().filter(|number| *number < 100)?;
    Some([b'0' | number.div_euclid(10), b'0' | number.rem_euclid(10)])
}

fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

fn days_of_month(year: i64, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970 to this date of the proleptic Gregorian calendar.
///
/// Years are counted from March here, so that the leap day is the last of its year.
// Every operand is a date's (a year of four digits, or days that make one), far from overflow.
#[allow(clippy::arithmetic_side_effects)]
fn days_of_date(year: i64, month: u8, day: u8) -> i64 {
    let month = i64::from(month);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date (year, month, day) that is so many days from 1 January 1970, in the years 1 to 9999.
// As above: the range is checked first.
#[allow(clippy::arithmetic_side_effects)]
fn date_of_days(days: i64) -> Option<(i64, i64, i64)> {
    if !(-719_162..=2_932_896).contains(&days) {
        return None;
    }
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((year, month, day))
}

#[cfg(test)]
mod tests {
    use openssl::asn1::Asn1Time;
    use proptest::prelude::*;

    use super::*;

    fn time(tag: u8, text: &str) -> Result<i64, Malformed> {
        read(Element { tag, contents: text.as_bytes(), raw: &[] })
    }

    fn utc(text: &str) -> Result<i64, Malformed> {
        time(tag::UTC_TIME, text)
    }

    fn generalized(text: &str) -> Result<i64, Malformed> {
        time(tag::GENERALIZED_TIME, text)
    }

    #[test]
    fn days_at_the_ends_of_time() {
        assert_eq!(days_to(i64::MIN, i64::MAX), (0, i64::MAX));
        assert_eq!(days_to(i64::MAX, i64::MIN).0, i64::MAX / DAY);
    }

    #[test]
    fn times_in_words() {
        for (time, expected) in [
            (0, Some("1970-01-01T00:00:00Z")),
            (-1, Some("1969-12-31T23:59:59Z")),
            (951_782_400 + 3723, Some("2000-02-29T01:02:03Z")),
            (253_402_300_799, Some("9999-12-31T23:59:59Z")),
            (253_402_300_800, None),
            (-62_135_596_800, Some("0001-01-01T00:00:00Z")),
            (-62_135_596_801, None),
            (i64::MIN, None),
            (i64::MAX, None),
        ] {
            assert_eq!(rfc3339(time).as_deref(), expected, "{time}");
        }
    }

    #[test]
    fn known_times() {
        assert_eq!(utc("700101000000Z"), Ok(0));
        assert_eq!(utc("491231235959Z"), Ok(2_524_607_999));
        assert_eq!(generalized("20500101000000Z"), Ok(2_524_608_000));
        assert_eq!(utc("500101000000Z"), Ok(-631_152_000));
        assert_eq!(utc("000229120000Z"), Ok(951_825_600));
        assert_eq!(generalized("99991231235959Z"), Ok(253_402_300_799));
        assert_eq!(generalized("00000101000000Z"), Ok(-62_167_219_200));
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "7001010000Z",
            "700101000000",
            "700101000000z",
            "700101000000+0100",
            "700101000000ZZ",
            "700001000000Z",
            "701301000000Z",
            "700100000000Z",
            "700132000000Z",
            "700431000000Z",
            "710229000000Z",
            "700101240000Z",
            "700101006000Z",
            "700101000060Z",
            "7001010000-1Z",
            " 70101000000Z",
            "70010100000:Z",
        ] {
            assert_eq!(utc(text), Err(Malformed), "{text}");
            assert_eq!(generalized(&format!("19{text}")), Err(Malformed), "19{text}");
        }
        assert_eq!(generalized("19700101000000.5Z"), Err(Malformed));
        assert_eq!(generalized("19000229000000Z"), Err(Malformed));
        assert_eq!(time(tag::OCTET_STRING, "700101000000Z"), Err(Malformed));
    }

    #[test]
    fn signing_time_changes_form_at_2050() {
        assert_eq!(SigningTime::new(2_524_607_999).unwrap().octets(), b"491231235959Z");
        assert_eq!(SigningTime::new(2_524_608_000).unwrap().octets(), b"20500101000000Z");
        assert_eq!(SigningTime::new(253_402_300_799).unwrap().octets(), b"99991231235959Z");
        for now in [253_402_300_800, -631_152_001, i64::MIN, i64::MAX] {
            assert_eq!(SigningTime::new(now), None, "{now}");
        }
    }

    #[test]
    fn time_for_people() {
        for (time, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_868_799, "2000-02-29 23:59:59 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
            (253_402_300_800, "253402300800 seconds after 1970"),
            (i64::MIN, "-9223372036854775808 seconds after 1970"),
        ] {
            assert_eq!(Utc(time).to_string(), expected);
        }
    }

    #[test]
    fn validity_has_no_last_second() {
        let validity = Validity { not_before: 10, not_after: 20 };
        assert_eq!(validity.check(9), Err(Outside::Before));
        assert_eq!(validity.check(10), Ok(()));
        assert_eq!(validity.check(19), Ok(()));
        assert_eq!(validity.check(20), Err(Outside::After));
        assert_eq!(validity.check(i64::MIN), Err(Outside::Before));
        assert_eq!(validity.check(i64::MAX), Err(Outside::After));
    }

    proptest! {
        #[test]
        fn written_is_read(now in -631_152_000_i64..253_402_300_800) {
            let time = SigningTime::new(now).unwrap();
            let tag = match time {
                SigningTime::Utc(_) => tag::UTC_TIME,
                SigningTime::Generalized(_) => tag::GENERALIZED_TIME,
            };
            prop_assert_eq!(read(Element { tag, contents: time.octets(), raw: &[] }), Ok(now));
        }

        #[test]
        fn openssl_reads_the_same(now in -631_152_000_i64..253_402_300_800) {
            let time = SigningTime::new(now).unwrap();
            let text = match time {
                SigningTime::Utc(octets) if octets[0] >= b'5' => format!("19{}", octets.escape_ascii()),
                SigningTime::Utc(octets) => format!("20{}", octets.escape_ascii()),
                SigningTime::Generalized(octets) => octets.escape_ascii().to_string(),
            };
            let theirs = Asn1Time::from_str(&text).unwrap();
            prop_assert!(theirs == Asn1Time::from_unix(now).unwrap());
        }
    }
}
