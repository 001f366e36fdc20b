//! Kubernetes quantities (`100m`, `1.5Gi`, `2e3`) in integers, rounded up as the scheduler does.

/// Thousandths: millicores of CPU. `None` for what is no quantity.
pub(super) fn millis(text: &str) -> Option<i64> {
    scaled(text, 1000)
}

/// Units: bytes, pods. `None` for what is no quantity.
pub(super) fn whole(text: &str) -> Option<i64> {
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
    let digits: i128 = format!("0{whole}{fraction}").parse().ok()?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
