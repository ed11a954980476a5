//! LLSD dates: conversion between seconds since 1970 and `2006-02-01T14:29:53.43Z`, in the
//! proleptic Gregorian calendar and without leap seconds.

use std::fmt::Write as _;

/// The text of a date with two fraction digits, none if they are zero. A date that is not a number
/// or not in the years 0 to 9999 becomes 1970-01-01T00:00:00Z.
pub fn format_date(seconds: f64) -> String {
    let hundredths = (seconds * 100.0).round();
    let in_range = (FIRST_SECOND * 100.0..END_SECOND * 100.0).contains(&hundredths);
    let hundredths = if in_range { hundredths as i64 } else { 0 };

    let whole = hundredths.div_euclid(100);
    let (days, of_day) = (whole.div_euclid(DAY), whole.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let fraction = hundredths.rem_euclid(100);
    if fraction != 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, ".{fraction:02}");
    }
    text.push('Z');
    text
}

/// Seconds since 1970 of an ISO date with `Z` or an offset; nothing for any other text.
pub fn parse_date(text: &str) -> Option<f64> {
    let (date, time) = text.split_once('T')?;
    let (year, rest) = date.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }

    let (clock, offset) = split_zone(time)?;
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, parse_fraction(fraction)?),
        None => (clock, 0.0),
    };
    let (hour, rest) = clock.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }

    let days = days_from_civil(year, month, day);
    let whole = days * DAY + hour * 3600 + minute * 60 + second - offset;
    Some(whole as f64 + fraction)
}

/// The time without its zone, and the zone's distance from UTC in seconds.
fn split_zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let (clock, zone, sign) = match time.split_once('+') {
        Some((clock, zone)) => (clock, zone, 1),
        None => time.split_once('-').map(|(clock, zone)| (clock, zone, -1))?,
    };
    let (hours, minutes) = zone.split_once(':')?;
    Some((clock, sign * (digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60)))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

fn parse_fraction(text: &str) -> Option<f64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { format!("0.{text}").parse().ok() } else { None }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Leap days in the years 0 to `year` - 1.
const fn leap_days_before(year: i64) -> i64 {
    let past = year - 1;
    // Year 0 is a leap year itself.
    if year <= 0 { 0 } else { past / 4 - past / 100 + past / 400 + 1 }
}

/// Days from 1970-01-01 to the first of January of `year`, which is at least 0.
const fn days_to_year(year: i64) -> i64 {
    year * 365 + leap_days_before(year) - DAYS_0_TO_1970
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let months = (1..month).map(|earlier| days_in_month(year, earlier)).sum::<i64>();
    days_to_year(year) + months + day - 1
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // The mean year gives the year or one of its neighbours.
    let mut year = (days + DAYS_0_TO_1970) * 400 / DAYS_IN_400_YEARS;
    while days < days_to_year(year) {
        year -= 1;
    }
    while days >= days_to_year(year + 1) {
        year += 1;
    }
    let mut day = days - days_to_year(year);
    let mut month = 1;
    while day >= days_in_month(year, month) {
        day -= days_in_month(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

const DAY: i64 = 86_400;
const DAYS_IN_400_YEARS: i64 = 146_097;
const DAYS_0_TO_1970: i64 = 1970 * 365 + leap_days_before(1970);
/// 0000-01-01T00:00:00Z.
const FIRST_SECOND: f64 = -(DAYS_0_TO_1970 * DAY) as f64;
/// 10000-01-01T00:00:00Z.
const END_SECOND: f64 = (days_to_year(10_000) * DAY) as f64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{END_SECOND, FIRST_SECOND, format_date, parse_date};

    #[test]
    fn known_dates_both_ways() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2007-01-01T00:00:00.50Z", 1_167_609_600.5),
            ("2000-02-29T23:59:59Z", 951_868_799.0),
            ("1969-12-31T23:59:58.50Z", -1.5),
            ("0000-01-01T00:00:00Z", -62_167_219_200.0),
            ("9999-12-31T23:59:59Z", 253_402_300_799.0),
        ] {
            assert_eq!(parse_date(text), Some(seconds), "{text}");
            assert_eq!(format_date(seconds), text);
        }
    }

    #[test]
    fn offsets_count_and_garbage_does_not() {
        assert_eq!(parse_date("1970-01-01T02:30:00+02:30"), Some(0.0));
        assert_eq!(parse_date("1969-12-31T23:00:00-01:00"), Some(0.0));
        for text in [
            "",
            "now",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-13-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.Z",
            "é-01-01T00:00:00Z",
            "+970-01-01T00:00:00Z",
            "1970-01-01T00:00:00+1:00",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for seconds in [f64::NAN, f64::INFINITY, -1e300, END_SECOND, FIRST_SECOND - 1.0] {
            assert_eq!(format_date(seconds), "1970-01-01T00:00:00Z");
        }
    }

    proptest! {
        #[test]
        fn every_hundredth_in_range_round_trips(
            hundredths in -6_216_721_920_000i64..25_340_230_080_000
        ) {
            let seconds = hundredths as f64 / 100.0;
            let back = parse_date(&format_date(seconds)).unwrap_or(f64::NAN);
            prop_assert!((back - seconds).abs() < 0.001, "{} {}", seconds, back);
        }
    }
}
