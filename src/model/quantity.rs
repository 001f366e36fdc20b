//! Kubernetes quantities (`100m`, `1.5Gi`, `2e3`): read into integers, rounded up as the scheduler does, and
//! written for people.

/// Thousandths: millicores of CPU. `None` for what is no quantity.
pub fn millis(text: &str) -> Option<i64> {
    scaled(text, 1000)
}

/// Units: bytes, pods. `None` for what is no quantity.
pub fn whole(text: &str) -> Option<i64> {
    scaled(text, 1)
}

/// Far more than any quantity has, few enough that nothing overflows.
const DIGITS: usize = 18;

fn scaled(text: &str, scale: i128) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.get(..fraction.len().min(DIGITS))?;
    if (whole.is_empty() && fraction.is_empty()) || whole.len() > DIGITS {
        return None;
    }
    let mut digits = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        // A second point, or what is no digit.
        digits = digits * 10 + i128::from(char::from(digit).to_digit(10)?);
    }
    // The value is digits * up / down.
    let (mut up, mut down): (i128, i128) = (scale, 10_i128.checked_pow(fraction.len() as u32)?);
    match suffix {
        "" => {}
        "n" => down *= 1_000_000_000,
        "u" => down *= 1_000_000,
        "m" => down *= 1000,
        "k" => up *= 1000,
        "M" => up *= 1_000_000,
        "G" => up *= 1_000_000_000,
        "T" => up *= 1_000_000_000_000,
        "P" => up *= 1_000_000_000_000_000,
        "E" => up *= 1_000_000_000_000_000_000,
        "Ki" => up <<= 10,
        "Mi" => up <<= 20,
        "Gi" => up <<= 30,
        "Ti" => up <<= 40,
        "Pi" => up <<= 50,
        "Ei" => up <<= 60,
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
            if exponent < 0 {
                down = down.checked_mul(power)?;
            } else {
                up = up.checked_mul(power)?;
            }
        }
    }
    let scaled = digits.checked_mul(up)?;
    let rounded = (scaled + (down - 1)) / down;
    let rounded = i64::try_from(rounded).unwrap_or(i64::MAX);
    Some(if negative { -rounded } else { rounded })
}

/// Millicores for people: `250m`, `1.5`, `12`; one decimal from 1 core on, none from 100 on.
pub fn cpu(millicores: i64) -> String {
    let size = millicores.unsigned_abs();
    let text = if size == 0 {
        "0".into()
    } else if size < 1_000 {
        format!("{size}m")
    } else if size < 99_950 {
        tenths((size + 50) / 100)
    } else {
        ((size + 500) / 1_000).to_string()
    };
    signed(millicores, text)
}

/// Bytes for people: `512`, `2.1Gi`, `312Mi`; one decimal below 10.
pub fn bytes(bytes: i64) -> String {
    const UNITS: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let size = bytes.unsigned_abs();
    let mut at = 0;
    // The unit in which the rounded number stays below 1024.
    while at + 1 < UNITS.len() && rounded(size, at) >= 1_024 {
        at += 1;
    }
    let unit = 1_u128 << (10 * at);
    let in_tenths = (u128::from(size) * 10 + unit / 2) / unit;
    let number = if at > 0 && in_tenths < 100 {
        tenths(u64::try_from(in_tenths).unwrap_or(0))
    } else {
        rounded(size, at).to_string()
    };
    signed(bytes, format!("{number}{}", UNITS[at]))
}

fn rounded(size: u64, unit: usize) -> u128 {
    let one = 1_u128 << (10 * unit);
    (u128::from(size) + one / 2) / one
}

fn tenths(tenths: u64) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

fn signed(value: i64, text: String) -> String {
    if value < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people() {
        for (value, want) in [
            (0, "0"),
            (250, "250m"),
            (999, "999m"),
            (1_000, "1"),
            (1_500, "1.5"),
            (1_950, "2"),
            (12_000, "12"),
            (15_940, "15.9"),
            (99_949, "99.9"),
            (99_960, "100"),
            (391_499, "391"),
            (-1_500, "-1.5"),
        ] {
            assert_eq!(cpu(value), want);
        }
        for (value, want) in [
            (0, "0"),
            (512, "512"),
            (1_023, "1023"),
            (1_024, "1Ki"),
            (2_254_857_830, "2.1Gi"),
            (312 << 20, "312Mi"),
            ((1 << 30) - 1, "1Gi"),
            (10 << 30, "10Gi"),
            (i64::MAX, "8Ei"),
            (-(2 << 30), "-2Gi"),
        ] {
            assert_eq!(bytes(value), want);
        }
    }

    #[test]
    fn quantities() {
        for (text, want_millis, want_whole) in [
            ("1", Some(1000), Some(1)),
            ("100m", Some(100), Some(1)),
            ("1.5", Some(1500), Some(2)),
            ("0", Some(0), Some(0)),
            (".5", Some(500), Some(1)),
            ("2e3", Some(2_000_000), Some(2000)),
            ("5E-1", Some(500), Some(1)),
            ("128974848", Some(128_974_848_000), Some(128_974_848)),
            ("129M", Some(129_000_000_000), Some(129_000_000)),
            ("1Ki", Some(1_024_000), Some(1024)),
            ("1.5Gi", Some(1_610_612_736_000), Some(1_610_612_736)),
            ("1500u", Some(2), Some(1)),
            ("-1", Some(-1000), Some(-1)),
            ("16Ei", Some(i64::MAX), Some(i64::MAX)),
            ("", None, None),
            (".", None, None),
            ("x", None, None),
            ("1Q", None, None),
            ("1e", None, None),
            ("1e99", None, None),
            ("99999999999999999999", None, None),
        ] {
            assert_eq!(millis(text), want_millis, "{text} millis");
            assert_eq!(whole(text), want_whole, "{text} whole");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[-+]?[0-9.eEnumkKMGTPi]{0,24}") {
            let _ = (millis(&text), whole(&text));
        }
    }
}
