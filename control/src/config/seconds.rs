//! Spans in seconds with a fraction, read and printed exactly.

use toml::de::DeValue;

use super::section::Legal;

/// Seconds in steps of a power of ten: hundredths or tenths of a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// How many digits a step has after the point.
    pub(super) digits: u32,
    /// The shortest span, in steps.
    pub(super) first: u32,
    /// The longest span, in steps.
    pub(super) last: u32,
}

/// Seconds as a number of steps; exactly, so that no span is rounded to one that was not meant.
pub(super) fn read(steps: Steps, value: &DeValue<'_>) -> Legal<u32> {
    let number = match value {
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(|seconds| decimal(&seconds.to_string(), steps.digits)),
        DeValue::Float(float) => decimal(float.as_str(), steps.digits),
        DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    };
    number
        .filter(|number| (steps.first..=steps.last).contains(number))
        .ok_or_else(|| {
            let spelt = |number| spell(steps.digits, number);
            let (first, last, step) = (spelt(steps.first), spelt(steps.last), spelt(1));
            format!("seconds from {first} to {last} in steps of {step}")
        })
}

/// The number `text` times ten to the power of `digits`, if that is an integer.
pub(crate) fn decimal(text: &str, digits: u32) -> Option<u32> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let zeros = i64::try_from(all.len() - significant.len()).ok()?;
    let power = exponent
        .parse::<i64>()
        .ok()?
        .checked_add(zeros)?
        .checked_add(i64::from(digits))?
        .checked_sub(i64::try_from(fraction.len()).ok()?)?;
    // What is left below the last step cannot vanish: its last digit is not zero.
    let factor = 10_u32.checked_pow(u32::try_from(power).ok()?)?;
    significant.parse::<u32>().ok()?.checked_mul(factor)
}

/// Steps as seconds, as short as can be: 1, 0.1, 1.05.
pub(crate) fn spell(digits: u32, steps: u32) -> String {
    let unit = 10_u32.pow(digits);
    let width = usize::try_from(digits).unwrap_or_default();
    let text = format!("{}.{:0width$}", steps / unit, steps % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_that_number() {
        for (text, hundredths) in [
            ("0.1", Some(10)),
            ("+0.10", Some(10)),
            ("1e-1", Some(10)),
            ("10.0E-2", Some(10)),
            ("40.95", Some(4095)),
            ("4e1", Some(4000)),
            ("1.000000000000000000000000000000000000", Some(100)),
            ("0.015", None),
            ("1.0000000000000000000000000000000001", None),
            ("-0.0", None),
            ("-1", None),
            ("1e99999999999999999999", None),
            ("1e18", None),
            ("inf", None),
            ("nan", None),
        ] {
            assert_eq!(decimal(text, 2), hundredths, "{text}");
        }
    }

    #[test]
    fn a_span_is_printed_as_short_as_can_be() {
        for (steps, text) in [
            (0, "0"),
            (1, "0.01"),
            (10, "0.1"),
            (100, "1"),
            (1050, "10.5"),
        ] {
            assert_eq!(spell(2, steps), text);
        }
        assert_eq!(spell(1, 36_000), "3600");
    }

    proptest! {
        #[test]
        fn what_was_printed_is_read_exactly(digits in 1..4_u32, steps in any::<u32>()) {
            prop_assert_eq!(decimal(&spell(digits, steps), digits), Some(steps));
        }
    }
}
