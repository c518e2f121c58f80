//! Our ids in the spelling of this wire: 32 hexadecimal digits in five groups. They are the same 128 bits.

use jeton_token::Id;

/// An id as a GUID.
pub(super) fn of(id: Id) -> String {
    let digits = format!("{:032x}", id.bits());
    let mut guid = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            guid.push('-');
        }
        guid.push(digit);
    }
    guid
}

/// The id that a GUID spells, if it spells one of ours.
pub(super) fn read(text: &str) -> Option<Id> {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    if groups != [8, 4, 4, 4, 12] {
        return None;
    }
    let digits = text.replace('-', "");
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = is_hex.then(|| u128::from_str_radix(&digits, 16).ok()).flatten()?;
    Id::from_bits(bits).ok()
}

#[cfg(test)]
mod tests {
    use jeton_token::IdKey;

    use super::*;

    #[test]
    fn an_id_comes_back_from_its_guid() {
        let key = IdKey::new(&[7; 32]);
        for (unix_ms, random) in [(0, 0), (1_798_794_000_000, 42), (u64::MAX, u64::MAX)] {
            let id = key.mint(unix_ms, random);
            let guid = of(id);
            assert_eq!(guid.len(), 36, "{guid}");
            assert_eq!(read(&guid), Some(id));
            assert_eq!(read(&guid.to_ascii_uppercase()), Some(id));
        }
    }

    #[test]
    fn what_is_no_id_of_ours_is_none() {
        for text in [
            "",
            "web",
            "00000000-0000-0000-0000-000000000000",
            "eb6e4656-77fc-42a1-9181-4c6d8e9da5d1",
            "019f1c3a-0000-7000-8000-00000000000",
            "019f1c3a00007000800000000000000000",
            "+19f1c3a-0000-7000-8000-000000000000",
            "019f1c3a-0000-7000-8000-00000000000g",
            "0-19f1c3a-0000-7000-8000-000000000000",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
